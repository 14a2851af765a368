// Staff who share a tablet: the second factor, the site of a session, the locked screen, and a tablet that is lost.
import type { Page } from '@playwright/test'
import { type Booking, Caller, Refused, openSlots } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { otp } from '../support/otp.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { decode, photograph } from '../support/qr.ts'
import { PASSWORD, type Service, TODAY } from '../support/service.ts'
import { MANAGER, NURSE, OTHER_SITE, answer, everything, lockScreen, redeemButton, says, scanField, signOut, staffSignIn, typePassword, wedge } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'

test.use(TABLET)

const PIN = '940263'
const HALF_A_MINUTE = 30_000

/** A citizen's booking for today, made through the calls. */
async function booked(service: Service, site = STAFF_SITE): Promise<Booking> {
  const slot = (await openSlots(service.url, site)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  return citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
}

/** Nothing of the citizen is on the page, in its fields, its address or its storage. */
async function forgotten(page: Page, booking: Booking): Promise<void> {
  const left = await everything(page)
  for (const theirs of [LIN.name, LIN.number.slice(-4), booking.code, booking.pass!]) expect(left).not.toContain(theirs)
}

async function later(service: Service, ms: number): Promise<Date> {
  return new Date(service.now.getTime() + ms)
}

/** The reason of a refusal to a call with the page's own session. */
async function refused(page: Page, call: string, body: unknown): Promise<string> {
  const caller = await Caller.of(page)
  const error = await caller.call(call, body).then(() => undefined, (error: unknown) => error)
  if (!(error instanceof Refused)) return 'answered'
  return `${error.status} ${(error.body as unknown as { reason: { rule: string } }).reason.rule}`
}

test.describe('where a manager needs a second factor', () => {
  test.use({ settings: { STAFF_SECOND_FACTOR: 'manager,office' } })

  test('she enrols before anything else, signs in with it, and a code is good once', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401), refusal(403))
    await page.goto('/staff')
    await typePassword(page, MANAGER.username)
    await expect(page.getByRole('heading', { name: '绑定动态口令' })).toBeVisible()
    await expect(scanField(page)).toHaveCount(0)
    expect(await refused(page, 'checkin/look_up', { code: '0000000000' })).toBe('403 second_factor_needed')

    // the app reads the picture, and shows its digits
    const picture = decode(await photograph(page.getByRole('img', { name: '给验证器扫的二维码' })))
    const uri = new URL(picture!)
    const secret = uri.searchParams.get('secret')!
    expect(uri.href).toContain('otpauth://totp/')
    await expect(page.getByText(secret.match(/.{4}/g)!.join(' '))).toBeVisible()
    await page.getByLabel(/输入应用显示的 6 位数字/).fill('000000')
    await page.getByRole('button', { name: '确认绑定' }).click()
    await expect(page.getByRole('alert')).toContainText('动态口令不对')
    const first = otp(secret, service.now)
    await page.getByLabel(/输入应用显示的 6 位数字/).fill(first)
    await page.getByRole('button', { name: '确认绑定' }).click()
    await expect(page.getByRole('heading', { name: /请收好这 10 个恢复码/ })).toBeFocused()
    const codes = await page.getByRole('listitem').allInnerTexts()
    expect(codes).toHaveLength(10)
    await page.getByRole('button', { name: '我已收好' }).click()
    await says(page, '请扫二维码')
    const left = await everything(page)
    for (const told of [secret, ...codes]) expect(left).not.toContain(told)

    // a replay is refused; the next digits are taken
    await signOut(page)
    await typePassword(page, MANAGER.username)
    await expect(page.getByLabel('动态口令')).toBeFocused()
    await page.getByLabel('动态口令').fill(first)
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await expect(page.getByRole('alert')).toContainText('不对或已用过')
    await page.getByLabel('动态口令').fill(otp(secret, await later(service, HALF_A_MINUTE)))
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await says(page, '请扫二维码')

    // without the phone: a code from the paper, once
    for (const welcome of [true, false]) {
      await signOut(page)
      await typePassword(page, MANAGER.username)
      await page.getByRole('button', { name: /用恢复码/ }).click()
      await page.getByLabel('恢复码').fill(codes[0]!.toLowerCase())
      await page.getByRole('button', { name: '登录', exact: true }).click()
      if (welcome) await says(page, '请扫二维码')
      else {
        await expect(page.getByRole('alert')).toContainText('不对或已用过')
        await page.reload()
      }
    }
  })
})

test('a tablet that is lost shows nothing of anybody, once the house has signed it out', async ({ page, service, complaints }) => {
  complaints.expect(refusal(401))
  const booking = await booked(service)
  await page.clock.install()
  await staffSignIn(page, NURSE)
  await wedge(page, booking.pass!)
  await says(page, /来早了/)
  await expect(answer(page)).toContainText(LIN.name)
  expect(service.run(['staff', 'sign-out', '--username', 'nurse'])).toContain('1 session ended')
  // nobody touches it
  await page.clock.fastForward(70_000)
  await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
  await forgotten(page, booking)
  expect(await refused(page, 'staff/me', {})).toBe('401 sign_in')
  await page.reload()
  await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
  await forgotten(page, booking)
})

test.describe('a locked tablet', () => {
  test('holds nothing of the citizen, hears no scanner, and opens by PIN for the same nurse', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401))
    const booking = await booked(service)
    await staffSignIn(page, NURSE)
    await page.getByRole('link', { name: /我的账号/ }).click()
    await page.getByRole('button', { name: '设置 PIN 码' }).click()
    await page.getByLabel('新的 PIN 码').fill('111111')
    await page.getByRole('textbox', { name: '登录密码' }).fill(PASSWORD)
    await page.getByRole('button', { name: '保存 PIN 码' }).click()
    await expect(page.getByRole('alert')).toContainText('太容易猜到')
    await page.getByLabel('新的 PIN 码').fill(PIN)
    await page.getByRole('button', { name: '保存 PIN 码' }).click()
    await expect(page.getByText('PIN 码已保存')).toBeVisible()
    await page.getByRole('link', { name: '扫码', exact: true }).click()
    await wedge(page, booking.pass!)
    await says(page, /来早了/)

    await page.getByRole('button', { name: '锁屏' }).click()
    await expect(lockScreen(page)).toBeVisible()
    await forgotten(page, booking)
    await expect.poll(() => refused(page, 'checkin/look_up', { pass: booking.pass })).toBe('401 locked')
    const pin = page.getByLabel(/PIN 码（6 位数字）/)
    await expect(pin).toBeFocused()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await wedge(page, booking.pass!)
    await wedge(page, '12345678901234567890')
    await expect(pin).toHaveValue('')
    await forgotten(page, booking)
    expect(asked.filter((url) => url.includes('/api/'))).toEqual([])

    await page.reload()
    await expect(lockScreen(page)).toBeVisible()
    await pin.fill('583920')
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await expect(page.getByRole('alert')).toContainText('再错 4 次')
    await pin.pressSequentially(PIN, { delay: 80 })
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await says(page, '请扫二维码')
    await forgotten(page, booking)
    await wedge(page, booking.pass!)
    await says(page, /来早了/)
  })

  test('locks by itself when nobody uses it, and opens by the password where there is no PIN', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401))
    const booking = await booked(service)
    await page.clock.install()
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, /来早了/)
    await page.clock.fastForward(9 * 60_000)
    await says(page, /来早了/)
    await page.clock.fastForward(70_000)
    await expect(lockScreen(page)).toBeVisible()
    await forgotten(page, booking)
    await expect.poll(() => refused(page, 'checkin/look_up', { pass: booking.pass })).toBe('401 locked')
    await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await says(page, '请扫二维码')
  })

  test('stays locked over a reload, also where the network was away and the server could not be told', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401), /net::ERR_FAILED/)
    const booking = await booked(service)
    await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD).then((nurse) => nurse.call('staff/set_pin', { password: PASSWORD, pin: PIN }))
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, /来早了/)
    await page.route('**/api/staff/lock', (route) => route.abort('failed'))
    await page.getByRole('button', { name: '锁屏' }).click()
    await expect(lockScreen(page)).toBeVisible()
    await forgotten(page, booking)
    await page.reload()
    await expect(lockScreen(page)).toBeVisible()
    await page.unroute('**/api/staff/lock')
    await page.getByLabel(/PIN 码（6 位数字）/).fill('583920')
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await expect(page.getByRole('alert')).toContainText('再错 4 次')
    await page.getByLabel(/PIN 码（6 位数字）/).fill(PIN)
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await says(page, '请扫二维码')
  })

  test('ends the session after five wrong PINs', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401))
    await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD).then((nurse) => nurse.call('staff/set_pin', { password: PASSWORD, pin: PIN }))
    await staffSignIn(page, NURSE)
    await page.getByRole('button', { name: '锁屏' }).click()
    for (const left of [4, 3, 2, 1]) {
      await page.getByLabel(/PIN 码（6 位数字）/).fill('583920')
      await page.getByRole('button', { name: '解锁', exact: true }).click()
      await expect(page.getByRole('alert')).toContainText(`再错 ${left} 次`)
    }
    await page.getByLabel(/PIN 码（6 位数字）/).fill('583920')
    await page.getByRole('button', { name: '解锁', exact: true }).click()
    await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
    expect(await refused(page, 'staff/unlock', { pin: PIN })).toBe('401 sign_in')
  })
})

test('a nurse of several sites chooses one, and at another’s booking is told the right door', async ({ page, service, complaints }) => {
  complaints.expect(refusal(403))
  const booking = await booked(service, OTHER_SITE)
  service.run(['staff', 'add', '--username', 'roving', '--name', '流动护士', '--role', 'nurse', '--site', STAFF_SITE, '--site', OTHER_SITE], PASSWORD)
  await page.goto('/staff')
  await typePassword(page, 'roving')
  await expect(page.getByRole('heading', { name: '今天在哪个接种点？' })).toBeVisible()
  await expect(scanField(page)).toHaveCount(0)
  expect(await refused(page, 'checkin/look_up', { pass: booking.pass })).toBe('403 site_not_chosen')
  await page.getByRole('button', { name: STAFF_SITE }).click()
  await expect(page.getByRole('banner')).toContainText(STAFF_SITE)
  await wedge(page, booking.pass!)
  await says(page, '约的是另一个接种点')
  await expect(answer(page)).toContainText(OTHER_SITE)
  await expect(answer(page)).not.toContainText(LIN.name)
  await expect(redeemButton(page)).toHaveCount(0)
  expect(await refused(page, 'checkin/redeem', { code: booking.code, nonce: '0198c0de-0000-7000-8000-000000000001' })).toBe('403 not_allowed')
  expect(await refused(page, 'staff/choose_site', { site_id: booking.site.id })).toBe('403 not_allowed')
})

test('signing out everywhere empties the other tablet too', async ({ page, service, browser, complaints }) => {
  complaints.expect(refusal(401))
  const booking = await booked(service)
  const lost = await browser.newContext({ ...PHONE, baseURL: service.url })
  const other = await lost.newPage()
  await staffSignIn(other, NURSE)
  await wedge(other, booking.pass!)
  await says(other, /来早了/)
  await staffSignIn(page, NURSE, '/staff/account')
  await page.getByRole('button', { name: '全部退出' }).click()
  await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
  await wedge(other, booking.pass!)
  await expect(other.getByRole('dialog', { name: '工作人员登录' })).toBeVisible()
  await forgotten(other, booking)
  await lost.close()
})
