// One real service: its own port, database and keys, demo Yongzhou, and a clock that does not depend on the hour of the day.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary } from './binary.ts'

/** The day of every test: a Monday, and not the machine's own day. */
export const TODAY = '2027-03-01'
/** When every test begins: ten past nine, in the city. */
export const MORNING = `${TODAY}T09:10:00+08:00`
/** The password of the demo's staff. */
export const PASSWORD = 'demo-pass-2027'

const START_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 15_000

/** Settings of `yizhen serve` that a test wants otherwise. */
export type Settings = Record<string, string>

export class Service {
  private process?: ChildProcess
  private port = 0
  private log = ''
  private clock = MORNING
  private since = 0

  private constructor(
    private readonly folder: string,
    private readonly settings: Settings,
  ) {}

  /** Starts on an empty database. */
  static async start(settings: Settings = {}): Promise<Service> {
    const service = new Service(await mkdtemp(join(tmpdir(), 'yizhen-end2end-')), settings)
    await service.serve(MORNING)
    return service
  }

  /** Where it is served. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What it has logged. */
  get logged(): string {
    return this.log
  }

  /** What time it is for the service. */
  get now(): Date {
    return new Date(new Date(this.clock).getTime() + Date.now() - this.since)
  }

  /** Runs another command of the program on the same data, as the house does beside a service. */
  run(args: string[], input = ''): string {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: this.folder, LOG: 'error' }
    return execFileSync(binary(), args, { env, input, encoding: 'utf8' })
  }

  /** The same database, on the same port, at another time. */
  async restart(clock: string): Promise<void> {
    await this.end()
    await this.serve(clock)
  }

  /** Tells it to stop, and waits until it has. */
  async stop(): Promise<void> {
    await this.end()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async serve(clock: string): Promise<void> {
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PAGES_DIR: process.env.PAGES_DIR,
      DATA_DIR: this.folder,
      PORT: String(this.port),
      YIZHEN_DEMO: '1',
      YIZHEN_DEMO_PASSWORD: PASSWORD,
      YIZHEN_DEMO_CLOCK: clock,
      ...this.settings,
    }
    this.clock = clock
    this.since = Date.now()
    const child = spawn(binary(), ['serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.process = child
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text))
    this.port = await new Promise<number>((found, failed) => {
      const late = setTimeout(() => failed(new Error(`the service did not start within ${START_WITHIN_MS} ms\n${this.log}`)), START_WITHIN_MS)
      const ended = (code: number | null) => failed(new Error(`the service ended with ${code} while starting\n${this.log}`))
      child.once('exit', ended)
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const port = /Citizens\s+http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)
        if (!port) return
        clearTimeout(late)
        child.off('exit', ended)
        found(Number(port[1]))
      })
    })
  }

  private async end(): Promise<void> {
    const child = this.process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<number | null>((done) => child.once('exit', done))
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    const code = await ended
    clearTimeout(late)
    if (code !== 0) throw new Error(`the service ended with ${code ?? 'a kill'} when it was told to stop\n${this.log}`)
  }
}
