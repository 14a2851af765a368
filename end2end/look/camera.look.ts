// Pictures of the counter while its camera sees a citizen's phone: out/camera/
import { fileURLToPath } from 'node:url'
import { TABLET } from '../support/browser.ts'
import { filming } from '../support/camera.ts'
import { bookForMyself, qr } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, redeemButton, says, staffSignIn } from '../support/staff.ts'
import { test } from '../support/test.ts'

const OUT = fileURLToPath(new URL('../out/camera', import.meta.url))

test('the camera', async ({ page, service }) => {
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await page.screenshot({ path: `${OUT}/1-phone.png` })
  const picture = await photograph(qr(page))
  await service.restart(`${TODAY}T09:35:00+08:00`)
  const camera = await filming(picture)
  try {
    const context = await camera.browser.newContext({ ...TABLET, baseURL: service.url, permissions: ['camera'] })
    const tablet = await context.newPage()
    await staffSignIn(tablet, NURSE)
    await tablet.getByRole('button', { name: '打开摄像头' }).click()
    await says(tablet, '可以接种')
    await tablet.screenshot({ path: `${OUT}/2-found.png` })
    await redeemButton(tablet).click()
    await says(tablet, '接种完成')
    await tablet.screenshot({ path: `${OUT}/3-recorded.png` })
    await says(tablet, '已经接种过')
    await tablet.screenshot({ path: `${OUT}/4-again.png` })
  } finally {
    await camera.close()
  }
})
