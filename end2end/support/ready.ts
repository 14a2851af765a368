// Before the first test: says what is missing, once, instead of in every test.
import { existsSync } from 'node:fs'
import { binary } from './binary.ts'
import { LAUNCH } from './browser.ts'
import { Service } from './service.ts'

export default async function ready(): Promise<void> {
  const program = binary()
  if (!existsSync(LAUNCH.executablePath!)) throw new Error(`there is no ${LAUNCH.executablePath}: install chromium, or set CHROMIUM`)
  const service = await Service.start()
  try {
    for (const path of ['/', '/staff']) {
      const page = await fetch(service.url + path)
      if (!page.ok) throw new Error(`${program} has no page at ${path}: ${(await page.text()).trim()}`)
    }
  } finally {
    await service.stop()
  }
}
