/** The pure GPU model: plan a job against a state, step the state, read its memory. */
export * from './catalog';
export * from './memory';
export * from './plan';
export * from './random';
export * from './timing';
export * from './types';
