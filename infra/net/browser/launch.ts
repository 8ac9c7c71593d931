import { chromium, type Browser as Chromium } from 'playwright-core'

const switches = [
  // The proxy sees loopback too: without this Chromium would go there by itself.
  '--proxy-bypass-list=<-loopback>',
  // No name is looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--block-new-web-contents',
  '--dns-prefetch-disable',
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

/**
 * Starts a headless Chromium. It says who we are (the contexts carry our User-Agent) and hides nothing of what it is.
 * @param proxy all that it sends by itself goes there
 */
export function launchChromium(executablePath: string, proxy: string): Promise<Chromium> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: switches,
    proxy: { server: proxy },
    // The sandbox cannot be had as root.
    chromiumSandbox: process.getuid?.() !== 0,
    // Ending it is our caller's business, at the end of the page.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: 15_000,
  })
}
