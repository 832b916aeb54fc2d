export { HALF_LIFE_SECONDS, PERSON_CAP } from './cells';
export { learnQuality, type LearnedQuality, PRIOR_RATINGS } from './learn';
export { type OpinionInput, parseOpinion, tokenSubject } from './parse';
export * from './types';
