/**
 * The check digit of an old 15-digit registration number (工商注册号, GS 15-2006; ISO 7064 MOD 11,10) for its first 14
 * digits.
 * @throws RangeError when they are not 14 digits
 */
export function registrationNumberCheck(first14: string): string {
  if (!/^\d{14}$/.test(first14)) throw new RangeError('A check digit is computed from 14 digits');
  let product = 10;
  for (const digit of first14) {
    const sum = (product + Number(digit)) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return String((11 - product) % 10);
}

/** Whether a text is an old registration number (工商注册号): 15 digits, of which the last is right by GS 15-2006. */
export function isRegistrationNumber(value: string): boolean {
  return /^\d{15}$/.test(value) && registrationNumberCheck(value.slice(0, 14)) === value[14];
}
