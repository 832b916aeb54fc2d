/**
 * The GPUs that can be partitioned, and their slices. Owns the table; decides nothing.
 *
 * Profiles and their shares: NVIDIA Multi-Instance GPU User Guide, "Supported MIG Profiles"
 * (https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html). Placements on the memory axis: as
 * `nvidia-smi mig -lgipp` prints them, in the same guide. Memory of the whole card: as nvidia-smi shows it.
 * The profiles with media extensions (+me, +gfx) are the plain ones to a ComfyUI server, and left out.
 */
const MIB = 1024 ** 2;

export interface MigProfile {
	/** As NVIDIA names it: 3g.20gb. */
	name: string;
	computeSlices: number;
	memorySlices: number;
	/** First memory slices that it may begin at. */
	starts: readonly number[];
}

export interface MigGpu {
	/** As `--gpu` takes it: a100-40gb. */
	name: string;
	/** What a device's name must contain, and its memory, to be this one. */
	match: RegExp;
	memoryBytes: number;
	computeSlices: number;
	memorySlices: number;
	profiles: readonly MigProfile[];
}

interface SevenSlices {
	name: string;
	match: RegExp;
	memoryMib: number;
	/** Gigabytes in the names of an eighth, a quarter, a half, and the whole. */
	gigabytes: readonly [number, number, number, number];
}

/** From Ampere's A100 on: seven compute slices and eight memory slices, placed alike on all of them. */
function sevenSlices({ name, match, memoryMib, gigabytes }: SevenSlices): MigGpu {
	const [eighth, quarter, half, whole] = gigabytes;
	const profile = (
		computeSlices: number,
		memorySlices: number,
		gb: number,
		starts: readonly number[],
	): MigProfile => ({ name: `${computeSlices}g.${gb}gb`, computeSlices, memorySlices, starts });
	return {
		name,
		match,
		memoryBytes: memoryMib * MIB,
		computeSlices: 7,
		memorySlices: 8,
		profiles: [
			profile(7, 8, whole, [0]),
			profile(4, 4, half, [0]),
			profile(3, 4, half, [0, 4]),
			profile(2, 2, quarter, [0, 2, 4]),
			profile(1, 2, quarter, [0, 2, 4, 6]),
			profile(1, 1, eighth, [0, 1, 2, 3, 4, 5, 6]),
		],
	};
}

const A30: MigGpu = {
	name: 'a30',
	match: /\bA30\b/i,
	memoryBytes: 24_576 * MIB,
	computeSlices: 4,
	memorySlices: 4,
	profiles: [
		{ name: '4g.24gb', computeSlices: 4, memorySlices: 4, starts: [0] },
		{ name: '2g.12gb', computeSlices: 2, memorySlices: 2, starts: [0, 2] },
		{ name: '1g.6gb', computeSlices: 1, memorySlices: 1, starts: [0, 1, 2, 3] },
	],
};

export const MIG_GPUS: readonly MigGpu[] = [
	A30,
	sevenSlices({
		name: 'a100-40gb',
		match: /\bA100\b/i,
		memoryMib: 40_960,
		gigabytes: [5, 10, 20, 40],
	}),
	sevenSlices({
		name: 'a100-80gb',
		match: /\bA100\b/i,
		memoryMib: 81_920,
		gigabytes: [10, 20, 40, 80],
	}),
	sevenSlices({
		name: 'h100-80gb',
		match: /\bH100\b/i,
		memoryMib: 81_559,
		gigabytes: [10, 20, 40, 80],
	}),
	sevenSlices({
		name: 'h200-141gb',
		match: /\bH200\b/i,
		memoryMib: 143_771,
		gigabytes: [18, 35, 71, 141],
	}),
	sevenSlices({
		name: 'b200-180gb',
		match: /\bB200\b/i,
		memoryMib: 183_359,
		gigabytes: [23, 45, 90, 180],
	}),
];

/** By the name of `--gpu`: "a100-40gb", "A100-40", "NVIDIA A100-SXM4-40GB"; null where it is none of them, or not told apart. */
export function findMigGpu(name: string): MigGpu | null {
	const plain = name.trim().toLowerCase();
	const exact = MIG_GPUS.filter((gpu) => gpu.name === plain || gpu.name === `${plain}gb`);
	if (exact.length === 1) return exact[0] as MigGpu;
	const alike = MIG_GPUS.filter((gpu) => gpu.match.test(name));
	if (alike.length === 1) return alike[0] as MigGpu;
	const gigabytes = /(\d+)\s*gb\b/i.exec(name)?.[1];
	return alike.find((gpu) => gpu.name.endsWith(`-${gigabytes}gb`)) ?? null;
}
