// A first-time citizen on a phone: from the home page to the QR, for herself and then for her mother.
import { Caller, messages, openSlots } from '../support/api.ts'
import { agree, answerAll, at, bookForMyself, bookingCode, chooseTime, dayWords, openSite, qr, signIn, submit, STAFF_SITE, timeButton } from '../support/citizen.ts'
import { LIN, LINS_PHONE, MOTHER } from '../support/people.ts'
import { decode, photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { expect, refusal, test } from '../support/test.ts'

const HALF_PAST_NINE = { date: TODAY, start: '09:30' }

test('a first-time citizen books for herself and then for her mother, and holds a QR for each', async ({ page, service }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await expect(page.getByText(LIN.name)).toBeVisible()
  await expect(page.getByText(STAFF_SITE)).toBeVisible()
  await expect(page.getByText('09:30–10:00')).toBeVisible()
  await expect(page.getByRole('heading', { name: '请带上' })).toBeVisible()
  const [mine] = await (await Caller.of(page)).bookings()
  expect(mine).toMatchObject({ code, state: 'booked', dose: 1, person: { name: LIN.name } })
  expect(decode(await photograph(qr(page)))).toBe(mine!.pass)

  await openSite(page)
  await chooseTime(page, { date: TODAY, start: '10:00' })
  await answerAll(page, MOTHER, LINS_PHONE)
  await expect(page.getByText(`为 ${MOTHER.name} 预约`)).toBeVisible()
  await agree(page)
  await submit(page)
  await at(page, '约好了')
  await expect(page.getByText(MOTHER.name)).toBeVisible()
  const hers = await bookingCode(page)
  expect(hers).not.toBe(code)
  await expect(qr(page)).toBeVisible()

  const sent = await messages(service.url, LINS_PHONE)
  expect(sent.filter((message) => message.kind === 'booked').map((message) => message.text)).toEqual([
    expect.stringContaining(`${hers.slice(0, 3)}-${hers.slice(3, 6)}-${hers.slice(6)}`),
    expect.stringContaining(`${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`),
  ])
})

test('every page of the booking says which step it is and for whom', async ({ page }) => {
  await openSite(page)
  await chooseTime(page, HALF_PAST_NINE)
  const step = page.locator('[aria-current="step"]')
  await expect(step).toHaveText(/^第 1 步，共 \d 步$/)
  await answerAll(page, LIN)
  await at(page, '请读一下告知书')
  await expect(step).toHaveText(/^第 5 步，共 7 步$/)
  await expect(page.getByText(`为 ${LIN.name} 预约`)).toBeVisible()
  await expect(page.getByText(new RegExp(`${dayWords(TODAY)} 周一 09:30–10:00`))).toBeVisible()
  await agree(page)
  await at(page, /请核对/)
  await expect(page.getByText(LIN.name)).toBeVisible()
})

test('the same person and dose again, from another phone of hers, is refused and leads to the booking that is there', async ({ page, browser, complaints, service, baseURL }) => {
  complaints.expect(refusal(409))
  const code = await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await service.restart(`${TODAY}T09:20:00+08:00`)

  const context = await browser.newContext({ baseURL, locale: 'zh-CN', viewport: { width: 390, height: 844 } })
  await complaints.watch(context)
  const other = await context.newPage()
  await openSite(other)
  await chooseTime(other, { date: TODAY, start: '10:00' })
  await answerAll(other, LIN)
  await agree(other)
  await submit(other)
  await signIn(other, LINS_PHONE)
  await at(other, /请核对/)
  const refused = other.getByRole('alert')
  await expect(refused).toContainText('这位接种人这一剂已有预约')
  await refused.getByRole('link', { name: '查看这个预约' }).click()
  await at(other, '到现场出示这个码')
  expect(await bookingCode(other)).toBe(code)
  await context.close()
})

test('the same person and dose from a stranger’s account is refused without telling about the booking', async ({ page, complaints, service }) => {
  complaints.expect(refusal(409))
  const slot = (await openSlots(service.url, STAFF_SITE))[0]!
  const daughter = await new Caller(service.url).signIn('15500000009')
  const there = await daughter.reserve(await daughter.savePerson(MOTHER, '15500000009', 'other'), slot.id)

  await openSite(page)
  await chooseTime(page, { date: TODAY, start: '10:00' })
  await answerAll(page, MOTHER, LINS_PHONE)
  await agree(page)
  await submit(page)
  await signIn(page, LINS_PHONE)
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('请在预约时用的手机上查看')
  await expect(refused.getByRole('link', { name: /拨打热线/ })).toHaveAttribute('href', /^tel:\d+$/)
  await expect(refused).not.toContainText(there.code)
  await expect(refused.getByRole('link', { name: '看我的预约' })).toBeVisible()
})

test('who has a dose booked is shown so before they answer anything', async ({ page }) => {
  await bookForMyself(page, LIN, LINS_PHONE, HALF_PAST_NINE)
  await openSite(page)
  await chooseTime(page, { date: TODAY, start: '10:00' })
  await page.getByRole('button', { name: new RegExp(LIN.name) }).click()
  await at(page, '打第几剂？')
  await expect(page.getByText(`已约在 ${dayWords(TODAY)} 周一`)).toBeVisible()
  await expect(page.getByRole('button', { name: /^第 1 剂/ })).toHaveCount(0)
  await page.getByRole('link', { name: '查看这个预约' }).click()
  await at(page, '我的预约')
})

test('anyone sees where places are left without signing in', async ({ page, service }) => {
  const slots = await openSlots(service.url, STAFF_SITE)
  await page.goto('/')
  await at(page, /全市还有.*个接种号/)
  await page.getByRole('button', { name: '道县' }).click()
  await expect(page.getByRole('heading', { level: 2 }).nth(1)).toHaveText('道县')
  await page.getByRole('link', { name: new RegExp(STAFF_SITE) }).click()
  await at(page, STAFF_SITE)
  const half = slots.find((slot) => slot.date === TODAY && slot.start === '09:30')!
  await expect(timeButton(page, '09:30')).toContainText(String(half.remaining))
  expect(await page.context().cookies()).toEqual([])
})
