// At the counter, on a tablet: each scan gets the answer that its booking deserves, and a jab is recorded once.
import { type Booking, Caller, openSlots } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { cameraless, refusing } from '../support/camera.ts'
import { STAFF_SITE, at, qr } from '../support/citizen.ts'
import { DEMO_PHONE, LIN, LINS_PHONE, MOTHER } from '../support/people.ts'
import { PASSWORD, type Service, TODAY } from '../support/service.ts'
import { MANAGER, NURSE, OFFICE, OTHER_SITE, answer, redeemButton, says, scanField, staffSignIn, wedge } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'
import type { Locator } from '@playwright/test'

test.use(TABLET)

/** A citizen's booking, made through the calls. */
async function booked(service: Service, { site = STAFF_SITE, date = TODAY, start = '' } = {}): Promise<{ citizen: Caller; booking: Booking }> {
  const slot = (await openSlots(service.url, site)).find((slot) => slot.date === date && slot.start >= start)!
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  return { citizen, booking: await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id) }
}

function grouped(code: string): string {
  return `${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`
}

test.describe('a nurse', () => {
  test('scans with a scanner that types, without touching the screen, person after person', async ({ page, service }) => {
    const { citizen, booking } = await booked(service)
    const hers = await citizen.reserve(await citizen.savePerson(MOTHER, LINS_PHONE, 'other'), (await openSlots(service.url, STAFF_SITE))[0]!.id)
    await service.restart(`${TODAY}T09:35:00+08:00`)
    await staffSignIn(page, NURSE)
    await expect(scanField(page)).toBeFocused()
    await wedge(page, booking.pass!)
    await says(page, '可以接种')
    await expect(answer(page)).toContainText(LIN.name)
    await page.keyboard.press('Control+Enter')
    await says(page, '接种完成')
    await wedge(page, hers.pass!)
    await says(page, '可以接种')
    await expect(answer(page)).toContainText(MOTHER.name)
    await expect(scanField(page)).toHaveValue('')
  })

  test('types the code from a message: lower case, with its groups', async ({ page, service }) => {
    const { booking } = await booked(service)
    await staffSignIn(page, NURSE)
    await scanField(page).fill(grouped(booking.code).toLowerCase())
    await page.getByRole('button', { name: '查询' }).click()
    await says(page, /来早了，09:30 开始/)
    await expect(answer(page)).toContainText(LIN.name)
    await expect(answer(page)).toContainText('请看这里')
    await redeemButton(page).click()
    await says(page, '接种完成')
    await wedge(page, booking.code)
    await says(page, '已经接种过')
    await expect(answer(page)).toContainText(NURSE.name)
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('reads the QR from a photo, and is told when there is none in it', async ({ page, service, browser }) => {
    const { citizen, booking } = await booked(service)
    const phone = await browser.newContext({ ...PHONE, baseURL: service.url })
    await citizen.signInto(phone)
    const shown = await phone.newPage()
    await shown.goto(`/bookings/${booking.code}`)
    await expect(qr(shown)).toBeVisible()
    const withQr = await shown.screenshot()
    await shown.goto('/help')
    await at(shown, '须知与帮助')
    const without = await shown.screenshot()
    await phone.close()

    await staffSignIn(page, NURSE)
    const photo = page.getByLabel('从照片识别')
    await photo.setInputFiles({ name: 'help.png', mimeType: 'image/png', buffer: without })
    await says(page, '照片里没有找到二维码')
    await photo.setInputFiles({ name: 'qr.png', mimeType: 'image/png', buffer: withQr })
    await says(page, /来早了/)
    await expect(answer(page)).toContainText(LIN.name)
  })

  test('is told that there is no such booking', async ({ page, complaints }) => {
    complaints.expect(refusal(404))
    await staffSignIn(page, NURSE)
    await wedge(page, '000-000-0000')
    await says(page, '查不到这个预约')
    await expect(answer(page)).toContainText('停')
  })

  test('is told that a code was mistyped, and that a QR is a stranger’s', async ({ page }) => {
    await staffSignIn(page, NURSE)
    await wedge(page, '000-000-0001')
    await says(page, '预约码不对')
    await wedge(page, 'https://example.org/menu?table=7')
    await says(page, '这不是预约二维码')
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('is told that a QR was changed', async ({ page, service, complaints }) => {
    complaints.expect(refusal(400))
    const { booking } = await booked(service)
    const pass = booking.pass!
    const forged = pass.slice(0, 40) + (pass[40] === '0' ? '1' : '0') + pass.slice(41)
    await staffSignIn(page, NURSE)
    await wedge(page, forged)
    await says(page, '这不是预约二维码')
  })

  test('is told that the day of yesterday’s booking has passed', async ({ page, service }) => {
    const { booking } = await booked(service)
    await service.restart('2027-03-02T09:10:00+08:00')
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, '预约日期已过：3月1日 周一')
    await expect(answer(page)).toContainText('请本人重新预约')
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('is told the same of the demo’s missed booking, by its code', async ({ page, service }) => {
    const demo = await new Caller(service.url).signIn(DEMO_PHONE)
    const missed = (await demo.bookings()).find(({ state }) => state === 'missed')!
    await staffSignIn(page, NURSE)
    await wedge(page, missed.code)
    await says(page, '预约日期已过：2月28日 周日')
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('is told that a booking is for another day', async ({ page, service }) => {
    const { booking } = await booked(service, { date: '2027-03-03', start: '10:00' })
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, '不是今天的预约')
    await expect(answer(page)).toContainText('3月3日 周三 10:00–10:30')
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('is told that a booking was cancelled', async ({ page, service }) => {
    const { citizen, booking } = await booked(service)
    await citizen.cancel(booking.code)
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, '这个预约已取消')
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('is told which site is the right one, and not the name of who is at the wrong one', async ({ page, service }) => {
    const { booking } = await booked(service, { site: OTHER_SITE })
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, '约的是另一个接种点')
    await expect(answer(page)).toContainText(OTHER_SITE)
    await expect(answer(page)).toContainText('0746-000 0102')
    await expect(answer(page)).not.toContainText(LIN.name)
    await expect(redeemButton(page)).toHaveCount(0)
  })

  test('sees the roster of her own site and no other', async ({ page, service }) => {
    const { booking } = await booked(service, { start: '11:00' })
    await staffSignIn(page, NURSE, '/staff/roster')
    await expect(page.getByRole('heading', { level: 1, name: '名单' })).toBeVisible()
    await expect(page.getByRole('banner')).toContainText(STAFF_SITE)
    await expect(page.getByRole('combobox', { name: '接种点' })).toHaveCount(0)
    const row = page.getByRole('button', { name: new RegExp(LIN.name) })
    await expect(row).toContainText('未到')
    await expect(row).toContainText(LIN.number.slice(-4))
    await page.getByRole('searchbox').fill(LIN.number.slice(-4))
    await expect(row).toBeVisible()
    await row.click()
    await says(page, /来早了/)
    await expect(answer(page)).toContainText(grouped(booking.code))

    const nurse = await Caller.of(page)
    const other = (await (await fetch(`${service.url}/availability`)).json()).sites.find((site: { name: string }) => site.name === OTHER_SITE)
    await expect(nurse.call('checkin/roster', { site_id: other.id, date: TODAY })).rejects.toMatchObject({ status: 403, body: { code: 'forbidden' } })
  })

  test('cannot take a recorded jab back', async ({ page, service }) => {
    const { booking } = await booked(service)
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await redeemButton(page).click()
    await says(page, '接种完成')
    await expect(page.getByRole('button', { name: '撤销这次核销' })).toHaveCount(0)
    const nurse = await Caller.of(page)
    await expect(nurse.call('checkin/undo', { code: booking.code, reason: '误点' })).rejects.toMatchObject({ status: 403 })
  })

  test('sees at once that a jab is recorded late over a bad network, and it is recorded once', async ({ page, service, complaints }) => {
    complaints.expect(/net::ERR_FAILED/)
    const { citizen, booking } = await booked(service)
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, /来早了/)
    await page.route('**/api/checkin/redeem', async (route) => {
      await route.fetch()
      await route.abort('failed')
    }, { times: 1 })
    await redeemButton(page).click()
    await says(page, '接种完成')
    expect((await citizen.bookings())[0]).toMatchObject({ code: booking.code, state: 'redeemed' })
  })

  test('whose session has ended signs in over the page and goes on with the same person', async ({ page, context, service, complaints }) => {
    complaints.expect(refusal(401))
    const { booking } = await booked(service)
    await staffSignIn(page, NURSE)
    await expect(page.getByRole('banner')).toContainText(/已完成 \d+ \/ \d+/)
    await context.clearCookies()
    await wedge(page, booking.pass!)
    const dialog = page.getByRole('dialog', { name: '工作人员登录' })
    await expect(dialog).toContainText('登录已到期')
    await dialog.getByLabel('密码', { exact: true }).fill(PASSWORD)
    await dialog.getByRole('button', { name: '登录' }).click()
    await says(page, /来早了/)
    await expect(answer(page)).toContainText(LIN.name)
  })

  test('signs out, and the page shows nothing of anybody any more', async ({ page, service, complaints }) => {
    complaints.expect(refusal(401))
    const { booking } = await booked(service)
    await staffSignIn(page, NURSE)
    await wedge(page, booking.pass!)
    await says(page, /来早了/)
    await page.getByRole('button', { name: '退出' }).click()
    await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
    await expect(page.getByText(LIN.name)).toHaveCount(0)
    await page.goto('/staff/roster')
    await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
  })
})

test('a manager takes a recorded jab back, with a reason', async ({ page, service }) => {
  const { citizen, booking } = await booked(service)
  await staffSignIn(page, MANAGER)
  await wedge(page, booking.pass!)
  await redeemButton(page).click()
  await says(page, '接种完成')
  await page.getByRole('button', { name: '撤销这次核销' }).click()
  await page.getByRole('button', { name: '确认撤销' }).click()
  await expect(page.getByRole('alert')).toContainText(/请填写.*原因/)
  await page.getByLabel('撤销的原因').fill('扫错了人')
  await page.getByRole('button', { name: '确认撤销' }).click()
  await expect(answer(page)).toContainText('已撤销核销')
  expect((await citizen.bookings())[0]).toMatchObject({ state: 'booked' })
  await wedge(page, booking.pass!)
  await says(page, /来早了/)
  await expect(redeemButton(page)).toBeEnabled()
})

test('the office chooses a site and sees its roster', async ({ page, service }) => {
  await booked(service, { site: OTHER_SITE })
  await staffSignIn(page, OFFICE, '/staff/roster')
  await expect(page.getByText('请先在上方选择接种点')).toBeVisible()
  await page.getByRole('combobox', { name: '接种点' }).selectOption(OTHER_SITE)
  await expect(page.getByRole('button', { name: new RegExp(LIN.name) })).toBeVisible()
  await page.getByRole('combobox', { name: '接种点' }).selectOption(STAFF_SITE)
  await expect(page.getByText(/预约 \d+ 人，已完成 \d+ 人，未到 \d+ 人/)).toBeVisible()
  await expect(page.getByRole('button', { name: new RegExp(LIN.name) })).toHaveCount(0)
})

test('a wrong password is said in place, and after five of them one waits', async ({ page, complaints }) => {
  complaints.expect(refusal(401), refusal(429))
  await page.goto('/staff')
  await page.getByLabel('用户名').fill(NURSE.username)
  for (let attempt = 0; attempt < 5; attempt++) {
    await page.getByLabel('密码', { exact: true }).fill(`not-it-${attempt}`)
    await page.getByRole('button', { name: '登录' }).click()
    await expect(page.getByLabel('密码', { exact: true })).toHaveValue('')
    await expect(page.getByLabel('用户名')).toHaveValue(NURSE.username)
    await expect(page.getByText('用户名或密码不对，请再试一次').or(page.getByText(/操作太频繁/)).first()).toBeVisible()
  }
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await expect(page.getByText(/操作太频繁，请 \d+ (秒|分钟)后再试/)).toBeVisible()
})

test('a whole check-in is done with the keyboard alone', async ({ page, service }) => {
  const { booking } = await booked(service)
  await page.goto('/staff')
  await expect(page.getByLabel('用户名')).toBeFocused()
  await page.keyboard.type(NURSE.username)
  await page.keyboard.press('Tab')
  await expect(page.getByLabel('密码', { exact: true })).toBeFocused()
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await expect(scanField(page)).toBeFocused()
  await page.keyboard.type(booking.code.toLowerCase())
  await page.keyboard.press('Enter')
  await says(page, /来早了/)
  await expect(async () => {
    await page.keyboard.press('Tab')
    await expect(redeemButton(page)).toBeFocused({ timeout: 100 })
  }).toPass({ timeout: 10_000 })
  await page.keyboard.press('Enter')
  await says(page, '接种完成')
  await page.keyboard.press('Escape')
  await says(page, '请扫二维码')
})

for (const { screen, width, height } of [
  { screen: 'a narrow screen', width: 390, height: 844 },
  { screen: 'a tablet held upright', width: 768, height: 1024 },
]) {
  test.describe(`on ${screen}`, () => {
    test.use({ viewport: { width, height } })

    test('the answer comes into sight: who it is, and the button that records', async ({ page, service }) => {
      const { booking } = await booked(service)
      await staffSignIn(page, NURSE)
      await wedge(page, booking.pass!)
      await says(page, /来早了/)
      for (const shown of [answer(page).getByRole('heading'), answer(page).getByText(LIN.name), redeemButton(page)]) {
        await expect(shown).toBeInViewport({ ratio: 1 })
        expect(await isCovered(shown)).toBe(false)
      }
    })
  })
}

/** Whether something else is drawn over the middle of it. */
function isCovered(shown: Locator): Promise<boolean> {
  return shown.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const there = document.elementFromPoint(left + Math.min(width, 20) / 2, top + height / 2)
    return there === null || !(element.contains(there) || there.contains(element))
  })
}

for (const { camera, start, says: words } of [
  { camera: 'is not allowed', start: refusing, says: '没有摄像头权限' },
  { camera: 'is missing', start: cameraless, says: '没有找到摄像头' },
]) {
  test(`a camera that ${camera} is said in place, and the scan field still works`, async ({ service, complaints }) => {
    const { booking } = await booked(service)
    const browser = await start()
    try {
      const context = await browser.newContext({ ...TABLET, baseURL: service.url })
      await complaints.watch(context)
      const page = await context.newPage()
      await staffSignIn(page, NURSE)
      await page.getByRole('button', { name: '打开摄像头' }).click()
      await expect(page.getByRole('heading', { name: words })).toBeVisible()
      await expect(page.getByRole('button', { name: '再试一次' })).toBeVisible()
      await wedge(page, booking.pass!)
      await says(page, /来早了/)
    } finally {
      await browser.close()
    }
  })
}
