// From a citizen's phone to the nurse's tablet: the QR that is on the one is what the camera of the other sees.
import { TABLET } from '../support/browser.ts'
import { filming } from '../support/camera.ts'
import { at, bookForMyself, qr } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, answer, redeemButton, says, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

test('what a citizen books on a phone is found by the tablet’s camera, recorded, and not recorded twice', async ({ page, service, complaints }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const picture = await photograph(qr(page))
  await service.restart(`${TODAY}T09:35:00+08:00`)

  const camera = await filming(picture)
  try {
    const context = await camera.browser.newContext({ ...TABLET, baseURL: service.url, permissions: ['camera'] })
    await complaints.watch(context)
    const tablet = await context.newPage()
    await staffSignIn(tablet, NURSE)
    await tablet.getByRole('button', { name: '打开摄像头' }).click()

    await says(tablet, '可以接种')
    await expect(answer(tablet)).toContainText(LIN.name)
    await expect(answer(tablet)).toContainText('38 岁')
    await expect(answer(tablet)).toContainText(LIN.number.slice(-4))
    await expect(answer(tablet)).toContainText('新冠灭活疫苗')
    await expect(answer(tablet)).toContainText('第 1 剂')
    await expect(answer(tablet)).not.toContainText(LIN.number)
    await redeemButton(tablet).click()
    await says(tablet, '接种完成')
    await expect(answer(tablet)).toContainText(LIN.name)

    // the phone is held up again
    await says(tablet, '已经接种过')
    await expect(answer(tablet)).toContainText(NURSE.name)
    await expect(answer(tablet)).toContainText(/3月1日 周一 09:3\d/)
    await expect(redeemButton(tablet)).toHaveCount(0)
  } finally {
    await camera.close()
  }

  await page.goto(`/bookings/${code}`)
  await at(page, '已经接种')
  await expect(page.getByText('第 2 剂从 3月22日 周一 起可以打')).toBeVisible()
})
