import { execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buffer } from 'node:stream/consumers'

const execute = promisify(execFile)

/** What is asked of a robots.txt: which of these URLs the agent may have. */
export interface RobotsQuestion {
  file: string
  agent: string
  urls: readonly string[]
}

const cargoToml = `[package]
name = "robots_port"
version = "0.0.0"
edition = "2021"

[dependencies]
robotstxt = "=0.3.0"
`

/** The parser is the crate's; its matching loses places behind a star (Vec::insert where robots.cc assigns), so that is written anew after robots.cc. */
const mainRs = String.raw`use std::io::{self, Read, Write};

use robotstxt::matcher::{RobotsMatchStrategy, RobotsMatcher};

#[derive(Default)]
struct LongestMatch;

fn matches(path: &[u8], pattern: &[u8]) -> bool {
    let mut places = vec![0];
    for (at, &octet) in pattern.iter().enumerate() {
        if octet == b'$' && at + 1 == pattern.len() {
            return places.last() == Some(&path.len());
        }
        if octet == b'*' {
            places = (places[0]..=path.len()).collect();
        } else {
            places = places.into_iter().filter(|&place| path.get(place) == Some(&octet)).map(|place| place + 1).collect();
            if places.is_empty() {
                return false;
            }
        }
    }
    true
}

impl RobotsMatchStrategy for LongestMatch {
    fn match_allow(&self, path: &str, pattern: &str) -> i32 {
        if matches(path.as_bytes(), pattern.as_bytes()) { pattern.len() as i32 } else { -1 }
    }

    fn match_disallow(&self, path: &str, pattern: &str) -> i32 {
        self.match_allow(path, pattern)
    }
}

fn number(input: &mut impl Read) -> Option<usize> {
    let mut bytes = [0u8; 4];
    input.read_exact(&mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes) as usize)
}

fn text(input: &mut impl Read) -> Option<String> {
    let mut bytes = vec![0u8; number(input)?];
    input.read_exact(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

fn main() {
    let mut input = io::BufReader::new(io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    while let (Some(file), Some(agent), Some(count)) = (text(&mut input), text(&mut input), number(&mut input)) {
        for _ in 0..count {
            let url = text(&mut input).unwrap();
            let allowed = RobotsMatcher::<LongestMatch>::default().one_agent_allowed_by_robots(&file, &agent, &url);
            output.write_all(if allowed { b"1" } else { b"0" }).unwrap();
        }
    }
}
`

/**
 * Google's robots.txt parser as the crate robotstxt ports it, built in the system's temporary folder.
 * @returns the path of a program; undefined where there is no cargo, or it cannot have the crate
 */
export async function buildRobotsPort(): Promise<string | undefined> {
  const folder = join(tmpdir(), 'orrery-bench-robotstxt')
  try {
    await mkdir(join(folder, 'src'), { recursive: true })
    await writeFile(join(folder, 'Cargo.toml'), cargoToml)
    await writeFile(join(folder, 'src', 'main.rs'), mainRs)
    await execute('cargo', ['build', '--release', '--quiet'], { cwd: folder })
    return join(folder, 'target', 'release', 'robots_port')
  } catch (error) {
    console.error(`Google's parser could not be built of the crate robotstxt: ${String(error)}`)
    return undefined
  }
}

/** Whether each URL of each question may be asked for, in their order. Files and URLs in ASCII: the port throws on a letter cut by the end of a long line. */
export async function askRobotsPort(program: string, questions: readonly RobotsQuestion[]): Promise<boolean[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = buffer(child.stdout)
  for (const { file, agent, urls } of questions) {
    if (!child.stdin.write(Buffer.concat([framed(file), framed(agent), number(urls.length), ...urls.map(framed)])))
      await new Promise((resolve) => child.stdin.once('drain', resolve))
  }
  child.stdin.end()
  return Array.from(await answers, (octet) => octet === 0x31)
}

const number = (value: number): Buffer => {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value)
  return octets
}

const framed = (text: string): Buffer => Buffer.concat([number(Buffer.byteLength(text)), Buffer.from(text)])
