import { chromium, type Browser as Chromium } from 'playwright-core'

/** Nothing of the browser's own traffic leaves: without a context, which brings its own proxy, everything goes to a port where nobody listens. */
const nowhere = 'http://127.0.0.1:9'

const switches = [
  // The proxy sees loopback too: without this Chromium would go there by itself.
  '--proxy-bypass-list=<-loopback>',
  // Names are resolved by the proxy alone.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--block-new-web-contents',
  '--disable-quic',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--disable-remote-fonts',
  '--mute-audio',
  '--js-flags=--max-old-space-size=512',
]

/** Starts a headless Chromium. It says who we are (the contexts carry our User-Agent) and hides nothing of what it is. */
export function launchChromium(executablePath: string): Promise<Chromium> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: switches,
    proxy: { server: nowhere },
    // The sandbox cannot be had as root.
    chromiumSandbox: process.getuid?.() !== 0,
    // Ending it is our caller's business, at the end of the page.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: 30_000,
  })
}
