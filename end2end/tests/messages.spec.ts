// What becomes of messages, seen by those who wait for them: on the booking's page, on the staff's list of calls, on the office's page of texts.
import { Caller, messages, openSlots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE, at, bookForMyself } from '../support/citizen.ts'
import { BarredGateway } from '../support/gateway.ts'
import { axe } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { MANAGER, NURSE, OFFICE, staffSignIn } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'

const IN_TWO_DAYS = '2027-03-03'
const MASKED = `${LINS_PHONE.slice(0, 3)}****${LINS_PHONE.slice(7)}`

test('the owner sees which messages went, which are to come, and to which number, in their language', async ({ page, service }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: IN_TWO_DAYS, start: '09:30' })
  await expect(page.getByText('前一天 17:00 再提醒一次')).toBeVisible()
  const line = (kind: string) => page.getByRole('listitem').filter({ hasText: kind })
  await expect(async () => {
    await page.goto(`/bookings/${code}`)
    await expect(line('预约成功')).toContainText('已送达')
  }).toPass()
  await expect(line('接种提醒')).toContainText('将在明天 17:00 发出')
  await expect(page.getByText(`发到 ${MASKED}`)).toBeVisible()
  expect(await axe(page)).toEqual([])

  await page.getByRole('button', { name: 'EN, English' }).click()
  await expect(line('Reminder')).toContainText('Will be sent tomorrow at 17:00')
  await expect(page.getByText(`Sent to ${MASKED}`)).toBeVisible()
  // and the next message comes in that language
  const caller = await Caller.of(page)
  await expect.poll(async () => (await caller.call<{ account: { lang: string } }>('accounts/me', {})).account.lang).toBe('en')
  await caller.call('bookings/cancel', { code })
  await expect.poll(async () => (await messages(service.url, LINS_PHONE))[0]!.text).toContain('is cancelled')
})

test('the short link of a message leads to the bookings, and asks who it is', async ({ page }) => {
  await page.goto('/m')
  await expect(page).toHaveURL(/\/bookings$/)
  await at(page, '我的预约')
  await expect(page.getByLabel('您的手机号')).toBeVisible()
})

const barred = test.extend<{ gateway: BarredGateway }>({
  gateway: async ({}, use) => {
    const gateway = await BarredGateway.open()
    await use(gateway)
    await gateway.close()
  },
  settings: async ({ gateway }, use) => use(gateway.settings),
})

barred.describe('where no gateway delivers', () => {
  barred.use(TABLET)

  barred('the owner is told to check the number, staff are told to call, and whoever is told is off the list', async ({ page, service, browser }) => {
    const slot = (await openSlots(service.url, STAFF_SITE)).find(({ date, start }) => date === TODAY && start >= '10:00')!
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const booking = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
    const phone = await browser.newContext({ baseURL: service.url, locale: 'zh-CN' })
    await citizen.signInto(phone)
    const shown = await phone.newPage()
    await expect(async () => {
      await shown.goto(`/bookings/${booking.code}`)
      await expect(shown.getByRole('listitem').filter({ hasText: '预约成功' })).toContainText('没有送到，请核对手机号')
    }).toPass()

    await staffSignIn(page, MANAGER)
    // the demo's family has a booking there as well, of which nobody hears either
    await expect(page.getByRole('link', { name: /^电话，\d 个要打$/ })).toBeVisible()
    await page.getByRole('link', { name: /^电话/ }).click()
    await expect(page.getByRole('heading', { name: '要打的电话' })).toBeVisible()
    const { code } = booking
    const call = page.getByRole('listitem').filter({ hasText: `${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}` })
    await expect(call).toContainText('短信发不到这个号码')
    await expect(call).not.toContainText(LIN.name)
    await expect(page.getByText(LINS_PHONE)).toHaveCount(0)
    expect(await axe(page)).toEqual([])
    await call.getByRole('button', { name: '显示号码' }).click()
    await expect(call.getByRole('link', { name: LINS_PHONE })).toBeFocused()
    await call.getByRole('button', { name: '已电话告知' }).click()
    await expect(call).toHaveCount(0)
    await expect(page.getByText('短信没有送到这些人'), 'the button went with its line').toBeFocused()
    await expect(page.getByRole('link', { name: '电话，1 个要打' })).toBeVisible()

    await shown.reload()
    await expect(shown.getByRole('listitem').filter({ hasText: '预约成功' })).toContainText('工作人员已打电话告知')
    await phone.close()
  })
})

barred.describe('a list of calls on two tablets', () => {
  barred.use(TABLET)

  barred('works by the keyboard, loses nothing without a network, and who was told on one is off the other', async ({ page, service, context, complaints }) => {
    complaints.expect(/ERR_INTERNET_DISCONNECTED|Failed to fetch/)
    const slot = (await openSlots(service.url, STAFF_SITE)).find(({ date, start }) => date === TODAY && start >= '10:00')!
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const { code } = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
    await staffSignIn(page, MANAGER)
    const grouped = `${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`
    const call = page.getByRole('listitem').filter({ hasText: grouped })
    await expect(async () => {
      await page.goto('/staff/calls')
      await expect(call).toBeVisible({ timeout: 1000 })
    }).toPass()
    const other = await context.newPage()
    await other.goto('/staff/calls')
    const there = other.getByRole('listitem').filter({ hasText: grouped })
    await expect(there).toBeVisible()

    await context.setOffline(true)
    await call.getByRole('button', { name: '已电话告知' }).press('Enter')
    await expect(page.getByRole('alert')).toContainText('网络')
    await expect(call, 'it is still to be told').toBeVisible()
    await context.setOffline(false)
    await call.getByRole('button', { name: '显示号码' }).press('Space')
    await expect(call.getByRole('link', { name: LINS_PHONE })).toBeFocused()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await expect(call.getByRole('button', { name: '已电话告知' })).toBeFocused()
    await page.keyboard.press('Enter')
    await expect(call).toHaveCount(0)

    // the other one does not know yet: nothing bad comes of telling them again
    await there.getByRole('button', { name: '已电话告知' }).click()
    await expect(there).toHaveCount(0)
    await expect(other.getByRole('alert')).toHaveCount(0)
  })
})

test.describe('at the desk', () => {
  test.use(TABLET)

  test('a nurse is offered neither the calls nor the texts, and a manager only the calls', async ({ page, complaints }) => {
    complaints.expect(refusal(403))
    await staffSignIn(page, NURSE)
    const pages = page.getByRole('navigation', { name: '页面' })
    await expect(pages.getByRole('link')).toHaveText(['扫码', '登记', '名单', '今日'])
    await page.getByRole('button', { name: '退出', exact: true }).click()
    await staffSignIn(page, MANAGER)
    await expect(pages.getByRole('link')).toHaveText(['扫码', '登记', '名单', '今日', '批号', '电话'])
    await page.goto('/staff/messages')
    await expect(page.getByRole('alert')).toBeVisible()
  })

  test('the office sees each text, tries another wording, and sends itself a test', async ({ page, service, complaints }) => {
    complaints.expect(refusal(400, '/api/messages/'))
    await staffSignIn(page, OFFICE)
    await page.getByRole('link', { name: '短信', exact: true }).click()
    await expect(page.getByRole('heading', { name: '短信文字' })).toBeVisible()
    await expect(page.getByRole('heading', { level: 2 })).toHaveCount(10)
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: '试写：已取消，中文' }).click()
    const text = page.getByLabel('文字', { exact: true })
    await expect(text).toBeFocused()
    await text.fill('{name}{when}')
    await page.getByRole('button', { name: '看效果' }).click()
    await expect(page.getByText(/\{when\} 不是字段/)).toBeVisible()
    await text.fill('{name}{date}{time}不用来了')
    await page.getByRole('button', { name: '看效果' }).click()
    await expect(page.getByText('张*兰明天 11月23日 周一09:30–10:00不用来了')).toBeVisible()
    await expect(page.getByText(/\{when\} 不是字段/)).toHaveCount(0)
    await page.getByLabel('发一条测试到这个手机号').fill('13700007777')
    await page.getByRole('button', { name: '发送测试' }).click()
    await expect(page.getByText('测试已发出')).toBeVisible()
    await expect.poll(async () => (await messages(service.url, '13700007777'))[0]?.text).toMatch(/^【测试】【一针永州·测试】/)
  })
})
