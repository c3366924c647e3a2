export const number: number = 1;
