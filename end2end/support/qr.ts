// Reading a QR as a scanner does: from the picture, not from the page's code.
import type { Locator } from '@playwright/test'
import jsqr from 'jsqr'
import { PNG } from 'pngjs'

/** What a picture says, or nothing. */
export function decode(picture: Buffer): string | undefined {
  const { data, width, height } = PNG.sync.read(picture)
  return jsqr(new Uint8ClampedArray(data), width, height)?.data
}

/** A photograph of a QR on the screen. */
export async function photograph(qr: Locator): Promise<Buffer> {
  await qr.scrollIntoViewIfNeeded()
  return qr.screenshot({ animations: 'disabled' })
}
