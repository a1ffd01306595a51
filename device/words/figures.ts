/** Figures in groups that are said in one breath: 138 0000 0001, 447 190 2385. */
export function figureGroups(figures: string): string[] {
  const groups: string[] = [];
  let rest = figures;
  while (rest.length > 4) {
    const size = rest.length % 4 === 0 ? 4 : rest.length === 5 ? 2 : 3;
    groups.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return rest === '' ? groups : [...groups, rest];
}
