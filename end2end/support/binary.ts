// Which `yizhen` is tested.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BUILT = ['release', 'debug'].map((profile) => fileURLToPath(new URL(`../../target/${profile}/yizhen`, import.meta.url)))

/** The program of YIZHEN_BIN, or the one that was built here. */
export function binary(): string {
  const asked = process.env.YIZHEN_BIN
  const found = asked ? [asked].find(existsSync) : BUILT.find(existsSync)
  if (!found) throw new Error(asked ? `YIZHEN_BIN: there is no ${asked}` : 'yizhen is not built: run `make build` first, or set YIZHEN_BIN')
  return found
}
