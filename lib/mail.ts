export function received(_l: number, _o: number, _b: number): void {}
