// What every test stands on: a service of its own, and pages that are watched for errors which nobody would see.
import { type BrowserContext, test as base } from '@playwright/test'
import { Service, type Settings } from './service.ts'

/** What the browser complains about while a page works. A test that causes a complaint says so beforehand. */
export class Complaints {
  private readonly heard: string[] = []
  private readonly expected: RegExp[] = [NOBODY_YET]

  /** Complaints that this test causes on purpose. */
  expect(...complaints: RegExp[]): void {
    this.expected.push(...complaints)
  }

  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (violation) => {
        console.error(`security policy: ${violation.violatedDirective} stopped ${violation.blockedURI} at ${violation.sourceFile}`)
      })
    })
    context.on('console', (message) => {
      if (message.type() === 'error') this.heard.push(`${message.text()} (${message.location().url})`)
    })
    context.on('weberror', (error) => this.heard.push(`uncaught: ${error.error().message}`))
  }

  /** Those that nobody expected. */
  get unexpected(): string[] {
    return this.heard.filter((complaint) => !this.expected.some((expected) => expected.test(complaint)))
  }
}

/** How Chromium reports a refusal to a page's call. */
export function refusal(status: number, call = ''): RegExp {
  return new RegExp(`Failed to load resource: the server responded with a status of ${status} .*${call}`)
}

/** A page of staff asks who is signed in, and "nobody" is an answer; but Chromium says it aloud. */
const NOBODY_YET = refusal(401, '/api/staff/me')

interface Fixtures {
  /** Settings of the service that a test wants otherwise. */
  settings: Settings
  service: Service
  complaints: Complaints
}

export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],
  service: async ({ settings }, use, info) => {
    const service = await Service.start(settings)
    await use(service)
    await service.stop()
    if (info.status !== info.expectedStatus) await info.attach('service.log', { body: service.logged, contentType: 'text/plain' })
  },
  baseURL: async ({ service }, use) => use(service.url),
  complaints: async ({}, use) => {
    const complaints = new Complaints()
    await use(complaints)
    base.expect(complaints.unexpected, 'the browser complained about the page').toEqual([])
  },
  context: async ({ context, complaints }, use) => {
    await complaints.watch(context)
    await use(context)
  },
})

export { expect } from '@playwright/test'
