export const number: number = "one";
