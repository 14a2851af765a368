// Pictures of what staff see of messages, and of the demo's inbox: out/messages/<page>-<how>.png
import { fileURLToPath } from 'node:url'
import { Caller, openSlots } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { BarredGateway } from '../support/gateway.ts'
import { LIN, LINS_PHONE, MOTHER } from '../support/people.ts'
import { OFFICE, staffSignIn } from '../support/staff.ts'
import { test as base } from '../support/test.ts'

const OUT = fileURLToPath(new URL('../out/messages', import.meta.url))

const test = base.extend<{ gateway: BarredGateway }>({
  gateway: async ({}, use) => {
    const gateway = await BarredGateway.open()
    await use(gateway)
    await gateway.close()
  },
  settings: async ({ gateway }, use) => use(gateway.settings),
})

for (const { how, use, text } of [
  { how: 'tablet', use: TABLET, text: 'standard' },
  { how: 'tablet-dark', use: { ...TABLET, colorScheme: 'dark' as const }, text: 'standard' },
  { how: 'phone', use: PHONE, text: 'standard' },
  { how: 'phone-elder', use: PHONE, text: 'large' },
]) {
  test.describe(how, () => {
    test.use(use)

    test('messages', async ({ page, service }) => {
      const [first, second] = await openSlots(service.url, STAFF_SITE)
      const citizen = await new Caller(service.url).signIn(LINS_PHONE)
      await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), first!.id)
      const hers = await citizen.reserve(await citizen.savePerson(MOTHER, LINS_PHONE, 'other'), second!.id)
      const keep = (name: string) => page.screenshot({ path: `${OUT}/${name}-${how}.png`, fullPage: true, animations: 'disabled' })
      await page.addInitScript((text) => localStorage.setItem('yizhen.text', text), text)
      await page.goto('/demo/messages')
      await keep('inbox')
      await citizen.signInto(page.context())
      await page.goto(`/bookings/${hers.code}`)
      await page.getByRole('heading', { name: '短信' }).waitFor()
      await keep('booking')
      await staffSignIn(page, OFFICE, '/staff/calls')
      await page.getByRole('button', { name: '显示号码' }).first().click()
      await page.getByRole('link', { name: LINS_PHONE }).waitFor()
      await keep('calls')
      await page.getByRole('link', { name: '短信', exact: true }).click()
      await page.getByRole('button', { name: '试写：已取消，中文' }).waitFor()
      await keep('texts')
      await page.getByRole('link', { name: '名单', exact: true }).click()
      const close = page.getByRole('button', { name: /^停约/ }).first()
      if (!(await close.isVisible())) await page.getByLabel('接种点').first().selectOption({ index: 1 })
      await close.click()
      await keep('closing')
    })
  })
}
