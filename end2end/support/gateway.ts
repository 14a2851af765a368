// A city's own SMS gateway that takes codes and refuses whatever else it is handed: every number is barred.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from './service.ts'

export class BarredGateway {
  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    /** What a service needs to hand its messages here. */
    readonly settings: Settings,
  ) {}

  static async open(): Promise<BarredGateway> {
    const server = createServer((request, answer) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text))
      request.on('end', () => {
        const { kind } = JSON.parse(body || '{}') as { kind?: string }
        const taken = kind?.endsWith('_code')
        answer.writeHead(taken ? 202 : 422, { 'content-type': 'application/json' }).end(taken ? '{}' : '{"code":"barred"}')
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const folder = await mkdtemp(join(tmpdir(), 'yizhen-gateway-'))
    const { port } = server.address() as AddressInfo
    const file = join(folder, 'gateways.toml')
    await writeFile(file, `[[gateway]]\nkind = "webhook"\nname = "city"\nurl = "http://127.0.0.1:${port}/sms"\nsecret_env = "CITY_SMS_SECRET"\n`)
    return new BarredGateway(server, folder, { GATEWAYS_FILE: file, CITY_SMS_SECRET: 'a secret of the tests, of 32 and more' })
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((closed) => this.server.close(closed))
    await rm(this.folder, { recursive: true, force: true })
  }
}
