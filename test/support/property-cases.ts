/**
 * Property tests draw the same cases at every run, so that one commit has one verdict. `PROPERTY_SEED=random` (or a
 * number) draws others: that is how to look for what the usual cases miss.
 */
import fc from 'fast-check';

const USUAL_SEED = 20_261_125;

function seedOf(wish: string | undefined): number | undefined {
	if (wish === undefined || wish === '') return USUAL_SEED;
	if (wish === 'random') return undefined;
	const seed = Number(wish);
	if (Number.isSafeInteger(seed)) return seed;
	throw new Error(`PROPERTY_SEED is "${wish}": give an integer, or the word random`);
}

fc.configureGlobal({ seed: seedOf(process.env.PROPERTY_SEED) });
