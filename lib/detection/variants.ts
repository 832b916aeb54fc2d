/**
 * Editions that keys cannot tell: distilled or not, which release. Taken from the metadata first, then from the file
 * name, and always said as such, because a file may be called anything.
 */
import type { ModelHeader } from './types';

export interface NameVariant {
	variant: string;
	evidence: string;
}

/** Words that name an edition, as vendors write them. `families`: where the word means that; absent = everywhere. */
const WORDS: ReadonlyArray<{ pattern: RegExp; variant: string; families?: readonly string[] }> = [
	{ pattern: /lightning/, variant: 'lightning' },
	{ pattern: /turbo/, variant: 'turbo' },
	{ pattern: /hyper[-_ ]?(sd|flux)|[-_]hyper[-_.]/, variant: 'hyper' },
	{ pattern: /(^|[-_. ])lcm([-_. ]|$)/, variant: 'lcm' },
	{ pattern: /(^|[-_. ])dmd2?([-_. ]|$)/, variant: 'dmd' },
	{ pattern: /distill/, variant: 'distilled' },
	{ pattern: /kontext/, variant: 'kontext', families: ['flux'] },
	{ pattern: /krea/, variant: 'krea', families: ['flux'] },
	{ pattern: /inpaint/, variant: 'inpaint' },
	{ pattern: /refiner/, variant: 'refiner' },
	{ pattern: /(^|[-_. ])base([-_. ]|$)/, variant: 'base', families: ['flux2', 'z-image'] },
	{ pattern: /(^|[-_. ])edit([-_. ]|$)/, variant: 'edit' },
	{ pattern: /(^|[-_. ])2509([-_. ]|$)/, variant: '2509', families: ['qwen-image'] },
	{ pattern: /(^|[-_. ])2511([-_. ]|$)/, variant: '2511', families: ['qwen-image'] },
	{ pattern: /(^|[-_. ])2512([-_. ]|$)/, variant: '2512', families: ['qwen-image'] },
	{ pattern: /hidream.*full/, variant: 'full', families: ['hidream'] },
	{ pattern: /hidream.*dev/, variant: 'dev', families: ['hidream'] },
	{ pattern: /hidream.*fast/, variant: 'fast', families: ['hidream'] },
];

/** Any of the words, to leave quickly what names none of them. */
const ANY_WORD = new RegExp(WORDS.map((word) => word.pattern.source).join('|'));

/** Editions of a family by name; those in `known` (from keys) are not repeated. */
export function nameVariants(
	family: string,
	known: readonly string[],
	metadata: ModelHeader['metadata'],
	fileName: string,
): NameVariant[] {
	const title = [
		metadata['modelspec.title'],
		metadata['modelspec.architecture'],
		metadata['general.name'],
	]
		.filter(Boolean)
		.join(' ')
		.toLowerCase();
	const base = fileName.toLowerCase();
	if (!ANY_WORD.test(title) && !ANY_WORD.test(base)) return [];
	const found: NameVariant[] = [];
	for (const word of WORDS) {
		if (known.includes(word.variant)) continue;
		if (word.families && !word.families.includes(family)) continue;
		if (word.pattern.test(title))
			found.push({ variant: word.variant, evidence: `${word.variant}: metadata` });
		else if (word.pattern.test(base)) {
			found.push({ variant: word.variant, evidence: `${word.variant}: file name` });
		}
	}
	return found;
}
