/** How many databases a group's worker collects at once: its capacity in compute units over what one task takes. */
export function groupSlots(capacityCu: number, cuPerTask: number): number {
  // Hundredths, because 0.3 / 0.1 is a little less than 3 in binary.
  return Math.max(1, Math.floor(Math.round(capacityCu * 100) / Math.round(cuPerTask * 100)));
}
