const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;

/**
 * Whether a text is a resident identity number (GB 11643-1999). It is used only to keep such a number out: a person's
 * number in the place of an entity's code is refused and not repeated in any message.
 */
export function isResidentId(value: string): boolean {
  if (!/^[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]$/.test(value)) return false;
  let sum = 0;
  for (let index = 0; index < 17; index++) sum += Number(value[index]) * (WEIGHTS[index] ?? 0);
  return '10X98765432'[sum % 11] === value[17]?.toUpperCase();
}
