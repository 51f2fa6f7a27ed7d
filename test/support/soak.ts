/** Set by `npm run soak -- --service`: the whole minute, every fault, the most kills. `npm test` takes what is quick. */
export const IS_SOAK = process.env.LAKEWARDEN_SOAK === '1';
