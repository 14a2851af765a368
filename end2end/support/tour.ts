// A walk past every page and every state of it, for tests that ask the same of all of them, and for pictures.
import type { Page } from '@playwright/test'
import { Caller, openSlots } from './api.ts'
import { agree, at, enterCode, goOn, openDay, openSite, qr, STAFF_SITE, submit, timeButton, typeDetails } from './citizen.ts'
import { DEMO_PHONE, LIN, MOTHER, mistyped } from './people.ts'
import { PASSWORD, type Service, TODAY } from './service.ts'
import { MANAGER, redeemButton, says, wedge } from './staff.ts'

/** What is done at each stop. */
export type Stop = (name: string, page: Page) => Promise<void>

/** The citizens' pages, in Chinese. The one who walks is the demo's citizen, who has bookings in every state. */
export async function tourOfCitizens(page: Page, stop: Stop): Promise<void> {
  await page.goto('/')
  await at(page, /全市还有/)
  await stop('home', page)
  await page.getByRole('button', { name: '道县' }).click()
  await stop('home-county', page)
  await openSite(page)
  await openDay(page, '2027-03-02')
  await stop('site', page)
  await openDay(page, TODAY)
  await timeButton(page, '10:30').click()
  await at(page, '给谁约？')
  await stop('book-whom', page)
  await page.getByRole('button', { name: /^给家人或别人约/ }).click()
  await at(page, '接种人的信息')
  await stop('book-details', page)
  await typeDetails(page, { ...MOTHER, number: mistyped(MOTHER.number), address: '路😀' }, '123')
  await goOn(page)
  await page.getByRole('alert').waitFor()
  await stop('book-details-wrong', page)
  await typeDetails(page, MOTHER, DEMO_PHONE)
  await goOn(page)
  await at(page, '打第几剂？')
  await stop('book-dose', page)
  await page.getByRole('button', { name: /^第 2 剂/ }).click()
  await page.getByLabel(/第 1 剂是哪天打的/).waitFor()
  await stop('book-dose-before', page)
  await page.getByRole('button', { name: /不是这一剂/ }).click()
  await page.getByRole('button', { name: /^第 1 剂/ }).click()
  await at(page, '接种人有下面的情况吗？')
  await stop('book-health', page)
  await page.getByRole('checkbox', { name: /正在怀孕/ }).check()
  await goOn(page)
  await at(page, '现在还不能预约接种')
  await stop('book-health-stop', page)
  await page.getByRole('button', { name: /勾错了/ }).click()
  await page.getByRole('checkbox', { name: /正在怀孕/ }).uncheck()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await at(page, '请读一下告知书')
  await stop('book-consent', page)
  await agree(page)
  await at(page, /请核对/)
  await stop('book-check', page)
  await submit(page)
  await at(page, '用手机号登录')
  await stop('book-sign-in', page)
  await page.getByLabel('您的手机号').fill(DEMO_PHONE)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await page.getByText('打开演示收件箱看验证码').waitFor()
  await stop('book-sign-in-code', page)
  await enterCode(page, DEMO_PHONE)
  await at(page, '约好了')
  await stop('booking-done', page)
  await page.getByRole('button', { name: '保存图片' }).click()
  await page.getByRole('img', { name: /预约凭证图片/ }).waitFor()
  await stop('booking-picture', page)
  await page.getByRole('link', { name: '改时间' }).click()
  await at(page, '改到什么时候？')
  await openDay(page, '2027-03-02')
  await timeButton(page, '14:30').click()
  await page.getByRole('heading', { name: '改到这个时间？' }).waitFor()
  await stop('booking-move', page)
  await page.goto('/bookings')
  await page.getByText('周明远').waitFor()
  await stop('bookings', page)
  for (const [name, link, heading, stopName] of [
    ['周明远', '出示二维码', '到现场出示这个码', 'booking-booked'],
    ['李秀兰', '看接种记录', '已经接种', 'booking-redeemed'],
    ['周国平', '查看', '这个预约已取消', 'booking-cancelled'],
    ['唐桂香', '查看', '这一天已经过了', 'booking-missed'],
  ] as const) {
    await page.goto('/bookings')
    await page.getByRole('listitem').filter({ hasText: name }).getByRole('link', { name: link }).click()
    await at(page, heading)
    await stop(stopName, page)
    if (stopName === 'booking-booked') {
      await qr(page).waitFor()
      await page.getByRole('link', { name: '取消预约' }).click()
      await at(page, '取消这个预约？')
      await stop('booking-cancel', page)
    }
  }
  // known people, and the notice on the page where they check
  await openSite(page, '道县演示接种点二')
  await page.getByRole('radio', { name: /腺病毒/ }).check()
  await openDay(page, '2027-03-03')
  await timeButton(page, '14:00').click()
  await at(page, '给谁约？')
  await stop('book-whom-known', page)
  await page.getByRole('button', { name: /唐桂香/ }).click()
  await page.getByRole('button', { name: '以上都没有' }).click()
  await at(page, /请核对/)
  await stop('book-check-known', page)
  for (const [path, name, stopName] of [
    ['/bookings/0000000000', '没有找到这个预约', 'booking-none'],
    ['/help', '须知与帮助', 'help'],
    ['/notice', /告知书/, 'notice'],
    ['/nowhere', '没有这个页面', 'nowhere'],
  ] as const) {
    await page.goto(path)
    await at(page, name)
    await stop(stopName, page)
  }
}

/** The staff's pages, in Chinese. The one who walks is the manager, who sees the most. */
export async function tourOfStaff(page: Page, service: Service, stop: Stop): Promise<void> {
  const [first, second] = await openSlots(service.url, STAFF_SITE)
  const citizen = await new Caller(service.url).signIn('15500000007')
  const early = await citizen.reserve(await citizen.savePerson(LIN, '15500000007'), second!.id)
  const now = await citizen.reserve(await citizen.savePerson(MOTHER, '15500000007', 'other'), first!.id)
  await service.restart(`${TODAY}T09:35:00+08:00`)
  await page.goto('/staff')
  await page.getByRole('heading', { name: '工作人员登录' }).waitFor()
  await stop('staff-sign-in', page)
  await page.getByRole('button', { name: '登录' }).click()
  await page.getByRole('alert').waitFor()
  await stop('staff-sign-in-wrong', page)
  await page.getByLabel('用户名').fill(MANAGER.username)
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await says(page, '请扫二维码')
  await stop('staff-scan', page)
  await wedge(page, early.pass!)
  await says(page, /来早了/)
  await stop('staff-amber', page)
  await wedge(page, '000-000-0001')
  await says(page, '预约码不对')
  await stop('staff-red', page)
  await wedge(page, now.pass!)
  await says(page, '可以接种')
  await stop('staff-green', page)
  await redeemButton(page).click()
  await says(page, '接种完成')
  await stop('staff-done', page)
  await wedge(page, now.pass!)
  await says(page, '已经接种过')
  await stop('staff-done-before', page)
  await page.getByRole('button', { name: '撤销这次核销' }).click()
  await page.getByLabel('撤销的原因').waitFor()
  await stop('staff-undo', page)
  await page.goto('/staff/roster')
  await page.getByText(/预约 \d+ 人/).waitFor()
  await stop('staff-roster', page)
  await page.goto('/staff/nowhere')
  await page.getByRole('heading', { name: '没有这个页面' }).waitFor()
  await stop('staff-nowhere', page)
}
