// Somebody did not come: after midnight their page says so, and leads to another booking at once.
import { Caller } from '../support/api.ts'
import { at, bookForMyself, bookingCode, openDay, STAFF_SITE, timeButton } from '../support/citizen.ts'
import { axe } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, answer, staffSignIn, wedge } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

test('who missed their day books again with a few taps, and the old code says what it is', async ({ page, service, browser }) => {
  const missed = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await service.restart('2027-03-02T00:12:00+08:00')
  await page.goto(`/bookings/${missed}`)
  await expect(page.getByRole('heading', { name: '这一天已经过了' })).toBeVisible()
  expect(await axe(page)).toEqual([])
  await page.getByRole('link', { name: '重新预约' }).click()
  await at(page, STAFF_SITE)
  await openDay(page, '2027-03-02')
  await timeButton(page, '09:30').click()
  await page.getByRole('button', { name: new RegExp(LIN.name) }).click()
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await page.getByRole('button', { name: '同意告知书并提交' }).click()
  await at(page, '约好了')
  const again = await bookingCode(page)
  const states = new Map((await (await Caller.of(page)).bookings()).map(({ code, state }) => [code, state]))
  expect([states.get(missed), states.get(again)]).toEqual(['missed', 'booked'])

  const desk = await browser.newContext({ baseURL: service.url, locale: 'zh-CN' })
  const tablet = await desk.newPage()
  await staffSignIn(tablet, NURSE)
  await wedge(tablet, missed)
  await expect(answer(tablet)).toContainText('预约日期已过')
  await desk.close()
})
