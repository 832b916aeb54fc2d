/** The ways to cut a GPU into slices. Owns which are possible: every slice at a place of its own that its profile allows. */
import { invalidInput } from '../errors';
import type { MigGpu, MigProfile } from './gpus';

export interface PlacedSlice {
	profile: MigProfile;
	/** First memory slice. */
	start: number;
}

/** Slices by where they begin; none overlaps another. */
export type Partition = readonly PlacedSlice[];

/** "3g.20gb+2g.10gb+1g.10gb", largest first: two partitions of the same name serve alike. */
export function partitionName(partition: Partition): string {
	return namesOf(partition.map(({ profile }) => profile)).join('+');
}

function namesOf(profiles: readonly MigProfile[]): string[] {
	return [...profiles]
		.sort((a, b) => b.computeSlices - a.computeSlices || b.memorySlices - a.memorySlices)
		.map(({ name }) => name);
}

/** Every set of slices that leaves room for no further one, once; the whole GPU first, then the fewest slices. */
export function fullPartitions(gpu: MigGpu): Partition[] {
	const found = new Map<string, Partition>();
	extend(gpu, [], 0, (partition) => {
		if (isFull(gpu, partition)) found.set(partitionName(partition), partition);
	});
	const all = [...found.values()];
	// placed unluckily: the same slices, moved, leave room for another
	const lasting = all.filter((one) => !all.some((other) => isPartOf(one, other)));
	return lasting.sort(
		(a, b) => a.length - b.length || (partitionName(a) < partitionName(b) ? 1 : -1),
	);
}

/** True where the other has the same slices and more. */
function isPartOf(part: Partition, whole: Partition): boolean {
	if (part.length >= whole.length) return false;
	const left = whole.map(({ profile }) => profile);
	return part.every(({ profile }) => {
		const at = left.indexOf(profile);
		if (at >= 0) left.splice(at, 1);
		return at >= 0;
	});
}

/** Each set of non-overlapping slices once, in order of where they begin. */
function extend(
	gpu: MigGpu,
	taken: readonly PlacedSlice[],
	from: number,
	visit: (partition: Partition) => void,
): void {
	visit(taken);
	for (const profile of gpu.profiles) {
		for (const start of profile.starts) {
			const slice = { profile, start };
			if (start < from || !fits(gpu, taken, slice)) continue;
			extend(gpu, [...taken, slice], start + profile.memorySlices, visit);
		}
	}
}

function fits(
	gpu: MigGpu,
	taken: readonly PlacedSlice[],
	{ profile, start }: PlacedSlice,
): boolean {
	const compute = taken.reduce((sum, slice) => sum + slice.profile.computeSlices, 0);
	if (compute + profile.computeSlices > gpu.computeSlices) return false;
	const end = start + profile.memorySlices;
	if (end > gpu.memorySlices) return false;
	return taken.every(
		(other) => end <= other.start || start >= other.start + other.profile.memorySlices,
	);
}

function isFull(gpu: MigGpu, partition: Partition): boolean {
	return gpu.profiles.every((profile) =>
		profile.starts.every((start) => !fits(gpu, partition, { profile, start })),
	);
}

/**
 * Finds a place for each profile, wherever that needs the others to be.
 * @param names such as ["3g.20gb", "3g.20gb"]
 * @throws RouterError OPTIONS_INVALID for a profile that the GPU does not have, and for slices that do not fit together
 */
export function placeProfiles(gpu: MigGpu, names: readonly string[]): Partition {
	const profiles = names.map((name, index) => {
		const found = gpu.profiles.find((profile) => profile.name === name);
		if (found) return found;
		throw invalid(
			`[${index}]`,
			`${gpu.name} has no profile "${name}"`,
			`It has ${gpu.profiles.map((one) => one.name).join(', ')}.`,
		);
	});
	// the largest have the fewest places
	const ordered = [...profiles].sort((a, b) => b.memorySlices - a.memorySlices);
	const placed = place(gpu, ordered, []);
	if (placed) return placed.sort((a, b) => a.start - b.start);
	throw invalid(
		'',
		`${names.join(' + ')} do not fit on one ${gpu.name}`,
		`It has ${gpu.computeSlices} compute and ${gpu.memorySlices} memory slices, and each profile begins at certain ones only (nvidia-smi mig -lgipp).`,
	);
}

function place(
	gpu: MigGpu,
	[next, ...rest]: readonly MigProfile[],
	taken: readonly PlacedSlice[],
): PlacedSlice[] | null {
	if (next === undefined) return [...taken];
	for (const start of next.starts) {
		const slice = { profile: next, start };
		const placed = fits(gpu, taken, slice) ? place(gpu, rest, [...taken, slice]) : null;
		if (placed) return placed;
	}
	return null;
}

function invalid(path: string, message: string, hint: string) {
	return invalidInput('OPTIONS_INVALID', 'The partition', [{ path, message, hint }]);
}
