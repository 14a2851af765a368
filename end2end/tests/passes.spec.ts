// Passes before the tablet's camera, good and bad: each gets its own words, and none but a good one the button.
import { type Booking, Caller, openSlots } from '../support/api.ts'
import { PHONE, TABLET } from '../support/browser.ts'
import { filming } from '../support/camera.ts'
import { STAFF_SITE, forged } from '../support/citizen.ts'
import { LINS_PHONE, someone } from '../support/people.ts'
import { PASSWORD, Service, TODAY } from '../support/service.ts'
import { NURSE, answer, redeemButton, says, scanField, staffSignIn } from '../support/staff.ts'
import { expect, refusal, test } from '../support/test.ts'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const OTHER_DAY = '2027-03-03'
/** Six phones are held up for three seconds each, five seconds apart. */
const ROUND_MS = 60_000

async function book(citizen: Caller, name: string, order: number, date = TODAY): Promise<Booking> {
  const slot = (await openSlots(citizen.url, STAFF_SITE)).find((slot) => slot.date === date && slot.start >= '09:30')!
  const person = await citizen.savePerson(someone(name, '1960-05-06', order), LINS_PHONE, order === 1 ? 'self' : 'other')
  return citizen.reserve(person, slot.id)
}

for (const { screen, width, height } of [
  { screen: 'lying', width: 1024, height: 768 },
  { screen: 'upright', width: 768, height: 1024 },
]) {
  test(`a tablet ${screen} tells good passes from tampered, foreign, moved, early and used ones`, async ({ service, browser, complaints }) => {
    test.setTimeout(180_000)
    complaints.expect(refusal(400))
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const good = await book(citizen, '刘好', 1)
    const moved = await book(citizen, '马改期', 2)
    const early = await book(citizen, '周三来', 3, OTHER_DAY)
    const used = await book(citizen, '苏用过', 4)
    const toOtherDay = (await openSlots(service.url, STAFF_SITE)).find((slot) => slot.date === OTHER_DAY)!
    await citizen.move(moved.code, toOtherDay.id)
    await service.restart(`${TODAY}T09:35:00+08:00`)
    const nurse = await new Caller(service.url).staffSignIn(NURSE.username, PASSWORD)
    await nurse.call('checkin/redeem', { code: used.code, nonce: randomUUID() })
    const pass = good.pass!
    const tampered = pass.slice(0, 20) + (pass[20] === '0' ? '1' : '0') + pass.slice(21)
    // a pass of another city: genuine, and signed with its own key
    const elsewhere = await Service.start()
    const foreign = await book(await new Caller(elsewhere.url).signIn(LINS_PHONE), '外地人', 5).finally(() => elsewhere.stop())

    const phones = await browser.newContext({ ...PHONE, baseURL: service.url, serviceWorkers: 'block' })
    await citizen.signInto(phones)
    const phone = await phones.newPage()
    const pictures: Buffer[] = []
    for (const shown of [tampered, pass, foreign.pass!, moved.pass!, early.pass!, used.pass!]) pictures.push(await forged(phone, good, shown))
    await phones.close()

    const camera = await filming(...pictures)
    try {
      const context = await camera.browser.newContext({ ...TABLET, viewport: { width, height }, baseURL: service.url, permissions: ['camera'] })
      await complaints.watch(context)
      const tablet = await context.newPage()
      await staffSignIn(tablet, NURSE)
      await tablet.getByRole('button', { name: '打开摄像头' }).click()
      const heading = (words: string) => expect(answer(tablet).getByRole('heading', { name: words })).toBeVisible({ timeout: ROUND_MS })
      const picture = (name: string) => tablet.screenshot({ path: fileURLToPath(new URL(`../out/passes/${screen}-${name}.png`, import.meta.url)) })

      await heading('可以接种')
      await expect(answer(tablet)).toContainText('刘好')
      await expect(redeemButton(tablet)).toBeInViewport({ ratio: 1 })
      await picture('1-good')

      await heading('这不是预约二维码')
      await expect(answer(tablet)).not.toContainText('外地人')
      await expect(redeemButton(tablet)).toHaveCount(0)
      await picture('2-foreign')

      await heading('二维码是改期前的')
      await expect(answer(tablet)).toContainText('预约已改到 3月3日 周三')
      await expect(redeemButton(tablet)).toHaveCount(0)
      await picture('3-moved')

      await heading('不是今天的预约')
      await expect(answer(tablet)).toContainText('3月3日 周三')
      await expect(redeemButton(tablet)).toHaveCount(0)
      await picture('4-early')

      await heading('已经接种过')
      await expect(answer(tablet)).toContainText(NURSE.name)
      await expect(redeemButton(tablet)).toHaveCount(0)
      await picture('5-used')

      // the first one, in the next round: one character of it was changed
      await heading('这不是预约二维码')
      await expect(answer(tablet)).not.toContainText('刘好')
      await expect(redeemButton(tablet)).toHaveCount(0)
      await picture('6-tampered')
    } finally {
      await camera.close()
    }
  })
}

test.describe('the scan field', () => {
  test.use(TABLET)

  test('lists who of today fits a name or the last four of a document, and a tap leads to the answer', async ({ page, service }) => {
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const [one, two] = [await book(citizen, '仉海棠', 1), await book(citizen, '仉海星', 2)]
    await book(citizen, '仉海边', 3, OTHER_DAY)
    await staffSignIn(page, NURSE)
    await scanField(page).fill('仉')
    await page.keyboard.press('Enter')
    await says(page, '“仉”：今天有 2 位')
    await expect(answer(page)).not.toContainText('仉海边')
    await expect(scanField(page)).toHaveValue('')
    await answer(page).getByRole('button', { name: /仉海星/ }).click()
    await says(page, /来早了/)
    await expect(answer(page)).toContainText(two.code.slice(6))

    const last = someone('仉海棠', '1960-05-06', 1).number.slice(-4)
    await scanField(page).fill(last.toLowerCase())
    await page.keyboard.press('Enter')
    await answer(page).getByRole('button', { name: /仉海棠/ }).click()
    await says(page, /来早了/)
    await expect(answer(page)).toContainText(one.code.slice(6))

    await scanField(page).fill('不在名单')
    await page.keyboard.press('Enter')
    await says(page, '今天的名单里没有“不在名单”')
    await expect(answer(page).getByRole('button')).toHaveCount(0)
  })
})
