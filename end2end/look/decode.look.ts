// How long a frame is looked at, and how long after it the answer stands there: printed, at full speed and with a processor four times slower.
import { TABLET } from '../support/browser.ts'
import { filming } from '../support/camera.ts'
import { bookForMyself, qr } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { photograph } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { NURSE, says, staffSignIn } from '../support/staff.ts'
import { test } from '../support/test.ts'

/** For how long frames are watched. */
const WATCH_MS = 12_000

test('frames', async ({ page, service }) => {
  test.setTimeout(120_000)
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const picture = await photograph(qr(page))
  await service.restart(`${TODAY}T09:35:00+08:00`)
  const camera = await filming(picture)
  try {
    const context = await camera.browser.newContext({ ...TABLET, baseURL: service.url, permissions: ['camera'] })
    const tablet = await context.newPage()
    // every look of the camera, and every answer that came into being
    await tablet.addInitScript(() => {
      const noted = { looks: [] as number[], begun: 0, answers: [] as number[] }
      Object.assign(window, { noted })
      new MutationObserver((changes) => {
        for (const change of changes) {
          if (change.type === 'attributes') {
            const [at, took] = (change.target as Element).getAttribute('data-look')!.split(' ').map(Number)
            noted.looks.push(took!)
            noted.begun = at!
          } else if ([...change.addedNodes].some((node) => node instanceof Element && (node.matches('.card.go, .card.stop') || node.querySelector('.card.go, .card.stop')))) {
            // once it is painted
            const begun = noted.begun
            requestAnimationFrame(() => setTimeout(() => noted.answers.push(Date.now() - begun)))
          }
        }
      }).observe(document, { subtree: true, childList: true, attributeFilter: ['data-look'] })
    })
    await staffSignIn(tablet, NURSE)
    await tablet.getByRole('button', { name: '打开摄像头' }).click()
    await says(tablet, '可以接种')
    const session = await context.newCDPSession(tablet)
    for (const slower of [1, 4]) {
      await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
      await tablet.evaluate(() => Object.assign((window as unknown as { noted: object }).noted, { looks: [], answers: [] }))
      await tablet.waitForTimeout(WATCH_MS)
      const { looks, answers } = await tablet.evaluate(() => (window as unknown as { noted: { looks: number[]; answers: number[] } }).noted)
      looks.sort((a, b) => a - b)
      const of = (part: number) => looks[Math.min(looks.length - 1, Math.floor(looks.length * part))]
      console.log(`processor ${slower}× slower: ${looks.length} frames, median ${of(0.5)} ms, p95 ${of(0.95)} ms, most ${of(1)} ms; frame to answer ${answers.join(', ')} ms`)
    }
  } finally {
    await camera.close()
  }
})
