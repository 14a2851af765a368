// Invented people, with identity numbers that can exist.

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECKS = '10X98765432'
/** Given to nobody, and not what the demo's own people have. */
const DIVISION = '431197'

/** The check character of the first 17 digits (GB 11643). */
export function checkCharacter(first17: string): string {
  const sum = WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(first17[at]), 0)
  return CHECKS[sum % 11]!
}

/** An identity number for a day of birth (`YYYY-MM-DD`); `order` tells apart those born on the same day. */
export function idNumber(born: string, order = 1): string {
  const first17 = `${DIVISION}${born.replaceAll('-', '')}${String(order).padStart(3, '0')}`
  return first17 + checkCharacter(first17)
}

/** The same number with a last character that does not fit. */
export function mistyped(number: string): string {
  const last = number.at(-1) === '0' ? '1' : '0'
  return number.slice(0, -1) + last
}

export interface Someone {
  name: string
  born: string
  number: string
  county: string
  /** Its name, as the page lists it. */
  countyName: string
  address: string
}

/** Somebody with a name and a day of birth. */
export function someone(name: string, born: string, order = 1): Someone {
  return { name, born, number: idNumber(born, order), county: '431103', countyName: '冷水滩区', address: '梧桐街道翠竹路12号' }
}

/** The one who holds the phone, and her mother. */
export const LIN = someone('林晓雯', '1988-04-12')
export const MOTHER = someone('陈桂芳', '1954-10-03')
/** Their phones. */
export const LINS_PHONE = '15500000001'
export const MOTHERS_PHONE = '15500000002'

/** The demo's citizen, who has people and bookings in every state. */
export const DEMO_PHONE = '13800138000'
