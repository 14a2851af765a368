// Pictures of the site's day: out/today/<how>.png
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Caller, siteNamed } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { PASSWORD, TODAY } from '../support/service.ts'
import { NURSE, staffSignIn } from '../support/staff.ts'
import { test } from '../support/test.ts'

const OUT = fileURLToPath(new URL('../out/today', import.meta.url))

for (const { how, use } of [
  { how: 'lying', use: TABLET },
  { how: 'upright', use: { ...TABLET, viewport: { width: 768, height: 1024 } } },
  { how: 'dark', use: { ...TABLET, colorScheme: 'dark' as const } },
  { how: 'phone', use: PHONE },
]) {
  test.describe(how, () => {
    test.use(use)

    test('today', async ({ page, service }) => {
      const site = await siteNamed(service.url, STAFF_SITE)
      await service.restart(`${TODAY}T10:40:00+08:00`)
      const nurse = await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD)
      const { rows } = await nurse.call<{ rows: { code: string; start: string }[] }>('checkin/roster', { site_id: site.id, date: TODAY })
      const early = rows.filter((row) => row.start < '10:30')
      for (const row of early.filter((_, at) => at % 7 !== 3)) {
        await nurse.call('checkin/redeem', { code: row.code, nonce: randomUUID() }).catch(() => {})
      }
      await staffSignIn(page, NURSE, '/staff/today')
      await page.getByRole('table', { name: '按时段' }).waitFor()
      await page.screenshot({ path: `${OUT}/${how}.png`, fullPage: true, animations: 'disabled' })
    })
  })
}
