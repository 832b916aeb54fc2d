import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	findMigGpu,
	fullPartitions,
	MIG_GPUS,
	type MigGpu,
	type Partition,
	partitionName,
	placeProfiles,
} from '../../../lib/mig';

const A100 = findMigGpu('a100-40gb') as MigGpu;

function usedSlices(partition: Partition): Set<number> {
	return new Set(
		partition.flatMap(({ profile, start }) =>
			Array.from({ length: profile.memorySlices }, (_, n) => start + n),
		),
	);
}

function computeOf(partition: Partition): number {
	return partition.reduce((sum, { profile }) => sum + profile.computeSlices, 0);
}

/** By the definition alone: each memory slice belongs to one instance at most, compute is not sold twice. */
function expectPossible(gpu: MigGpu, partition: Partition): void {
	for (const { profile, start } of partition) expect(profile.starts).toContain(start);
	const used = usedSlices(partition);
	expect(Math.max(-1, ...used)).toBeLessThan(gpu.memorySlices);
	const sold = partition.reduce((sum, { profile }) => sum + profile.memorySlices, 0);
	expect(used.size).toBe(sold);
	expect(computeOf(partition)).toBeLessThanOrEqual(gpu.computeSlices);
}

describe('the partitions of a GPU', () => {
	it.each(MIG_GPUS.map((gpu) => [gpu.name, gpu] as const))(
		'never use more of %s than it has, and leave room for nothing more',
		(_, gpu) => {
			const partitions = fullPartitions(gpu);
			for (const partition of partitions) {
				expectPossible(gpu, partition);
				const used = usedSlices(partition);
				const computeLeft = gpu.computeSlices - computeOf(partition);
				for (const { computeSlices, memorySlices, starts } of gpu.profiles) {
					const room = starts.filter((start) =>
						Array.from({ length: memorySlices }, (_none, n) => start + n).every(
							(n) => !used.has(n),
						),
					);
					expect(computeSlices <= computeLeft ? room : []).toEqual([]);
				}
			}
			const names = partitions.map(partitionName);
			expect(new Set(names).size).toBe(names.length);
		},
	);

	it("are those of NVIDIA's tables for the A100 and the A30", () => {
		const names = fullPartitions(A100).map(partitionName);
		expect(names).toEqual(
			expect.arrayContaining([
				'7g.40gb',
				'4g.20gb+3g.20gb',
				'3g.20gb+3g.20gb',
				'4g.20gb+2g.10gb+1g.5gb',
				'2g.10gb+2g.10gb+2g.10gb+1g.5gb',
				'1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb+1g.5gb',
				'1g.10gb+1g.10gb+1g.10gb+1g.10gb',
			]),
		);
		const a30 = fullPartitions(findMigGpu('a30') as MigGpu).map(partitionName);
		expect(a30.sort()).toEqual([
			'1g.6gb+1g.6gb+1g.6gb+1g.6gb',
			'2g.12gb+1g.6gb+1g.6gb',
			'2g.12gb+2g.12gb',
			'4g.24gb',
		]);
	});
});

describe('placing profiles', () => {
	it('finds a place for any part of any partition, in any order, and for nothing that is too much', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...MIG_GPUS),
				fc.array(fc.nat(5), { maxLength: 9 }),
				(gpu, picks) => {
					const names = picks.map((n) => gpu.profiles[n % gpu.profiles.length]?.name as string);
					let partition: Partition;
					try {
						partition = placeProfiles(gpu, names);
					} catch (error) {
						expect(error).toMatchObject({ code: 'OPTIONS_INVALID' });
						return;
					}
					expectPossible(gpu, partition);
					expect(partition.map(({ profile }) => profile.name).sort()).toEqual([...names].sort());
				},
			),
		);
		fc.assert(
			fc.property(fc.constantFrom(...MIG_GPUS), fc.nat(), fc.nat(), (gpu, which, drop) => {
				const all = fullPartitions(gpu);
				const names = (all[which % all.length] as Partition).map(({ profile }) => profile.name);
				const part = names.filter((_, index) => index !== drop % (names.length + 1)).reverse();
				expect(placeProfiles(gpu, part)).toHaveLength(part.length);
			}),
		);
	});

	it.each([
		[['3g.20gb', '3g.20gb', '1g.5gb'], 'do not fit'],
		[['4g.20gb', '4g.20gb'], 'do not fit'],
		[['7g.40gb', '1g.5gb'], 'do not fit'],
		[Array.from({ length: 8 }, () => '1g.5gb'), 'do not fit'],
		[['5g.20gb'], 'no profile "5g.20gb"'],
		[['3g.40gb'], 'no profile "3g.40gb"'],
	])('refuses %j', (names, message) => {
		expect(() => placeProfiles(A100, names)).toThrow(message);
	});
});

describe('the name of a GPU', () => {
	it.each([
		['a100-40gb', 'a100-40gb'],
		['A100-40', 'a100-40gb'],
		['NVIDIA A100-SXM4-80GB', 'a100-80gb'],
		['NVIDIA A30', 'a30'],
		['NVIDIA H200', 'h200-141gb'],
		['b200', 'b200-180gb'],
		['a100', undefined],
		['RTX 4090', undefined],
	])('%s is %s', (name, gpu) => {
		expect(findMigGpu(name)?.name).toBe(gpu);
	});
});
