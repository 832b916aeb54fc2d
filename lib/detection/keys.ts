/** A tensor table seen below a key prefix: the questions that the rules ask. Pure lookups, no decisions. */
import type { ModelHeader } from './types';

export class KeyView {
	/** By first word: what `countBlocks` looks up. */
	private readonly numbered = new Map<string, Set<string>>();

	constructor(
		private readonly tensors: ModelHeader['tensors'],
		readonly prefix: string,
	) {}

	has(key: string): boolean {
		return this.tensors.has(this.prefix + key);
	}

	/** Size of one axis, negative from the end; null where the tensor or the axis is absent. */
	axis(key: string, index: number): number | null {
		return this.tensors.get(this.prefix + key)?.shape.at(index) ?? null;
	}

	/** Number of axes; 0 where the tensor is absent. */
	rank(key: string): number {
		return this.tensors.get(this.prefix + key)?.shape.length ?? 0;
	}

	/** True where any key starts so. */
	hasBelow(start: string): boolean {
		const full = this.prefix + start;
		for (const key of this.tensors.keys()) if (key.startsWith(full)) return true;
		return false;
	}

	/** Length of the run start0, start1, ... that has keys (`blocks.` counts blocks.0., blocks.1., ...). */
	countBlocks(start: string): number {
		const root = start.slice(0, start.indexOf('.') + 1);
		let numbered = this.numbered.get(root);
		if (!numbered) {
			numbered = numberedPrefixes(this.tensors.keys(), this.prefix, root);
			this.numbered.set(root, numbered);
		}
		let count = 0;
		while (numbered.has(`${start}${count}`)) count += 1;
		return count;
	}
}

/** Every beginning of a key below `root` that ends with a number ("blocks.3", "blocks.3.1"), without the prefix. */
function numberedPrefixes(keys: Iterable<string>, prefix: string, root: string): Set<string> {
	const full = prefix + root;
	const found = new Set<string>();
	for (const key of keys) {
		if (!key.startsWith(full)) continue;
		for (let dot = key.indexOf('.', prefix.length); dot >= 0; dot = key.indexOf('.', dot + 1)) {
			if (isDigit(key.charCodeAt(dot - 1))) found.add(key.slice(prefix.length, dot));
		}
	}
	return found;
}

function isDigit(code: number): boolean {
	return code >= 0x30 && code <= 0x39;
}

/** Prefixes that ComfyUI looks for, in its order. */
const PREFIXES = ['model.diffusion_model.', 'model.model.', 'net.'] as const;

/**
 * Where the diffusion model's keys are, as ComfyUI decides: the most frequent known prefix if it has more than five keys,
 * else `model.`, and bare names where nothing is below that.
 */
export function diffusionPrefixes(tensors: ModelHeader['tensors']): string[] {
	const counts = new Map<string, number>(PREFIXES.map((prefix) => [prefix, 0]));
	for (const key of tensors.keys()) {
		// all of them begin with m or n: most keys are settled by that
		const first = key.charCodeAt(0);
		if (first !== 0x6d && first !== 0x6e) continue;
		const prefix = PREFIXES.find((candidate) => key.startsWith(candidate));
		if (prefix) counts.set(prefix, counts.get(prefix)! + 1);
	}
	const top = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
	return [top[1] > 5 ? top[0] : 'model.', ''];
}
