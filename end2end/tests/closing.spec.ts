// A site that cannot keep what it promised: a manager closes a window, everybody in it is told, and it can be opened again.
import { Caller, messages, openSlots, siteNamed, slots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { MANAGER, NURSE, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

test.use(TABLET)

test('a manager closes a window, who waits in it is told why, and it opens again', async ({ page, service }) => {
  const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === TODAY && slot.start >= '11:00')!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  const booking = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
  await staffSignIn(page, MANAGER, '/staff/roster')
  const row = page.getByRole('button', { name: new RegExp(LIN.name) })
  await expect(row).toBeVisible()
  const window = `${slot.start}–${slot.end}`
  await page.getByRole('button', { name: new RegExp(`^停约….*${window}.*灭活`) }).click()
  const form = page.getByRole('form', { name: new RegExp(`${window}.*停约`) })
  await expect(form.getByLabel('停约的原因')).toBeFocused()
  const waiting = Number(/(\d+) 人的预约会被取消，每人都会收到短信/.exec(await form.innerText())![1])
  expect(waiting).toBeGreaterThan(0)

  // keyboard alone, and not without a reason
  await form.getByRole('button', { name: `停约并通知 ${waiting} 人` }).press('Enter')
  await expect(page.getByRole('alert')).toContainText(/请填写.*原因/)
  await form.getByLabel('停约的原因').selectOption('疫苗没到或用完')
  await form.getByLabel(/^说明/).fill('13800138000')
  await form.getByRole('button', { name: `停约并通知 ${waiting} 人` }).click()
  await expect(page.getByRole('alert')).toContainText('号码')
  await form.getByLabel(/^说明/).fill('冷库停电')
  await form.getByRole('button', { name: `停约并通知 ${waiting} 人` }).click()
  const said = page.getByRole('status').filter({ hasText: `${window} 已停约，取消了 ${waiting} 人的预约` })
  await expect(said).toBeVisible()
  await expect(said).toBeFocused()
  await expect(row).toHaveCount(0)

  expect((await citizen.bookings())[0]).toMatchObject({ code: booking.code, state: 'cancelled' })
  const told = (await messages(service.url, LINS_PHONE)).find((message) => (message.kind as string) === 'cancelled_by_site')
  expect(told?.text).toContain('疫苗供应不足')
  expect(told?.text).not.toContain('冷库')
  const site = await siteNamed(service.url, STAFF_SITE)
  const state = async () => (await slots(service.url, site.id)).find((one) => one.id === slot.id)!.state
  await expect.poll(state).toBe('closed')

  await page.getByRole('button', { name: new RegExp(`^重新开放.*${window}`) }).click()
  await expect(page.getByRole('status').filter({ hasText: `${window} 已重新开放预约` })).toBeVisible()
  await expect.poll(state).toBe('open')
})

test('a nurse closes nothing', async ({ page }) => {
  await staffSignIn(page, NURSE, '/staff/roster')
  await expect(page.getByText(/预约 \d+ 人，已完成 \d+ 人，未到 \d+ 人/)).toBeVisible()
  await expect(page.getByRole('button', { name: /停约|重新开放/ })).toHaveCount(0)
})
