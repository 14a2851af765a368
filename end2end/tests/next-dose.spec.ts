// After a jab the page offers the next one: two taps, a booking of the same person's; and where that cannot be, it says why.
import { Caller, openSlots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE, dayWords } from '../support/citizen.ts'
import { axe, smallTargets } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TODAY } from '../support/service.ts'
import { NURSE, answer, redeemButton, staffSignIn, wedge } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'

// in a city that gives dose 2 after a week, so that its days are released already
const SOON = join(mkdtempSync(join(tmpdir(), 'yizhen-soon-')), 'city.toml')
const yongzhou = readFileSync(new URL('../../app/engine/cities/yongzhou.toml', import.meta.url), 'utf8')
writeFileSync(SOON, yongzhou.replace('after_days = 21, by_days = 56', 'after_days = 7, by_days = 56'))

async function vaccinated(url: string): Promise<{ citizen: Caller; code: string }> {
  const slot = (await openSlots(url, STAFF_SITE)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(url).signIn(LINS_PHONE)
  const { code } = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
  return { citizen, code }
}

test.use(TABLET)

test.describe('where its days are released', () => {
  test.use({ settings: { CITY_FILE: SOON } })

  test('the next dose is booked in two taps, once, and its questions are asked on the day', async ({ page, service }) => {
    const { citizen, code } = await vaccinated(service.url)
    await staffSignIn(page, NURSE)
    await wedge(page, code)
    await redeemButton(page).click()
    await answer(page).getByRole('button', { name: '预约下一剂' }).click()
    const days = answer(page).getByRole('region', { name: '下一剂' }).getByRole('listitem')
    await expect(days).toHaveCount(5)
    await expect(days.first()).toContainText(dayWords('2027-03-08'))
    expect(await axe(page)).toEqual([])
    expect(await smallTargets(page, 44)).toEqual([])
    // two taps are one booking
    await days.first().getByRole('button').dblclick()
    await expect(answer(page)).toContainText('下一剂约好了')
    const bookings = await citizen.bookings()
    const next = bookings.filter(({ dose }) => dose === 2)
    expect(next).toHaveLength(1)
    expect(next[0]).toMatchObject({ state: 'booked', date: '2027-03-08', person: { name: LIN.name } })

    await service.restart('2027-03-08T09:00:00+08:00')
    await page.reload()
    await staffSignIn(page, NURSE)
    await wedge(page, next[0]!.code)
    await expect(answer(page)).toContainText('还没有问，请现在逐条问')
    expect(await axe(page)).toEqual([])
  })

  test('a window that fills meanwhile is told, and another day is a tap away', async ({ page, service, complaints }) => {
    complaints.expect(refusal(409, 'desk/book_next'))
    const { citizen, code } = await vaccinated(service.url)
    await staffSignIn(page, NURSE)
    await wedge(page, code)
    await redeemButton(page).click()
    await answer(page).getByRole('button', { name: '预约下一剂' }).click()
    const days = answer(page).getByRole('region', { name: '下一剂' }).getByRole('listitem')
    await expect(days).toHaveCount(5)
    // the citizen is quicker, on their own phone
    const [booking] = await citizen.bookings()
    const slot = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === '2027-03-09')!
    await citizen.reserve(booking!.person.id, slot.id, 2)
    await days.first().getByRole('button').click()
    await expect(answer(page).getByRole('alert')).toBeVisible()
    await answer(page).getByRole('button', { name: '预约下一剂' }).click()
    await expect(answer(page)).toContainText(`第 2 剂已经约在 ${dayWords('2027-03-09')}`)
  })
})

test('where no day is released yet, a message will come, and nobody has to remember', async ({ page, service }) => {
  const { code } = await vaccinated(service.url)
  await staffSignIn(page, NURSE)
  await wedge(page, code)
  await redeemButton(page).click()
  await answer(page).getByRole('button', { name: '预约下一剂' }).click()
  await expect(answer(page)).toContainText(`第 2 剂从 ${dayWords('2027-03-22')}`)
  await expect(answer(page)).toContainText('到时会发短信')
})
