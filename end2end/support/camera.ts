// A camera for a second browser: it films a phone that is held up, taken away, and held up again.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from '@playwright/test'
import { PNG } from 'pngjs'
import { launch } from './browser.ts'

const WIDTH = 640
const HEIGHT = 480
const FRAMES_A_SECOND = 5
/** The page takes a code that was out of sight for three seconds for a new one. */
const HELD_UP_S = 3
const TAKEN_AWAY_S = 5
const TABLE = 96
/** Nobody holds a phone straight. */
const TILT = (5 * Math.PI) / 180

/** One frame in YUV 4:2:0: the picture, tilted, on a table. Without a picture, the table. */
function frame(picture?: PNG): Buffer {
  const luma = Buffer.alloc(WIDTH * HEIGHT, TABLE)
  if (picture) {
    const side = HEIGHT * 0.82
    const [cos, sin] = [Math.cos(TILT), Math.sin(TILT)]
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [dx, dy] = [x - WIDTH / 2, y - HEIGHT / 2]
        const u = ((dx * cos + dy * sin) / side + 0.5) * picture.width
        const v = ((dy * cos - dx * sin) / side + 0.5) * picture.height
        if (u >= 0 && v >= 0 && u < picture.width && v < picture.height) luma[y * WIDTH + x] = brightness(picture, Math.floor(u), Math.floor(v))
      }
    }
  }
  return Buffer.concat([luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)])
}

/** A screen in daylight: black is not black, and white is not white. */
function brightness(picture: PNG, x: number, y: number): number {
  const at = (y * picture.width + x) * 4
  const [red, green, blue] = [picture.data[at]!, picture.data[at + 1]!, picture.data[at + 2]!]
  return 40 + Math.round((0.299 * red + 0.587 * green + 0.114 * blue) * 0.76)
}

export interface Filming {
  browser: Browser
  close(): Promise<void>
}

/** A browser whose camera sees the pictures, one phone after the other, again and again. */
export async function filming(...pictures: Buffer[]): Promise<Filming> {
  const folder = await mkdtemp(join(tmpdir(), 'yizhen-camera-'))
  const path = join(folder, 'camera.y4m')
  const unseen = frame()
  const file = await open(path, 'w')
  await file.write(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n`)
  for (const picture of pictures) {
    const seen = frame(PNG.sync.read(picture))
    for (let at = 0; at < (HELD_UP_S + TAKEN_AWAY_S) * FRAMES_A_SECOND; at++) {
      await file.write('FRAME\n')
      await file.write(at < HELD_UP_S * FRAMES_A_SECOND ? seen : unseen)
    }
  }
  await file.close()
  const browser = await launch(
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${path}`,
  )
  return {
    browser,
    async close() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A browser that has a camera, and somebody who does not allow it. */
export function refusing(): Promise<Browser> {
  return launch('--use-fake-device-for-media-stream', '--deny-permission-prompts')
}

/** A browser on a machine without a camera. */
export function cameraless(): Promise<Browser> {
  return launch('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=0')
}
