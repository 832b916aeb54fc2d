/**
 * Time to scan a folder of 2,000 model files against a bare loop that opens the same files and reads the same header
 * bytes. Headers are real shapes, bodies are holes. Both sides run in turns in this process.
 */
import {
	closeSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	readSync,
	rmSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

import { scanModels } from '../adapters/files/model-files';
import { safetensorsHeader, type ShortTable } from '../test/support/headers';
import { writeSparse } from '../test/support/model-folder';

const FILES = 2000;
const ROUNDS = 9;
const GOAL = 1.5;

interface Shape {
	name: string;
	header: ShortTable;
}

async function main(): Promise<void> {
	const root = mkdtempSync(path.join(os.tmpdir(), 'bench-scan-'));
	try {
		const paths = writeFolder(root);
		const result = await measure(root, paths);
		report(result);
	} finally {
		rmSync(root, { recursive: true, force: true });
	}
}

/** Tables of full size in turn, half of the files with training notes of their own. */
function writeFolder(root: string): string[] {
	const shapes = [...fullUnets(), flux(), qwenImage(), ...[4, 8, 16, 32, 64].map(loraShape)];
	return Array.from({ length: FILES }, (_, index) => {
		const shape = shapes[index % shapes.length]!;
		const kind = shape.name.startsWith('lora') ? 'loras' : 'diffusion_models';
		const folder = path.join(root, kind, `set-${index % 20}`);
		mkdirSync(folder, { recursive: true });
		const notes = { 'modelspec.title': `Model ${index}`, note: 'x'.repeat(index % 500) };
		const { header, bodyBytes } = safetensorsHeader(shape.header, index % 2 ? notes : undefined);
		const file = path.join(folder, `${shape.name}-${index}.safetensors`);
		return writeSparse(file, header, bodyBytes);
	});
}

/** The UNets of which the fixture has the complete table: 686 to 1220 tensors. */
function fullUnets(): Shape[] {
	const truth = path.join(__dirname, '../test/fixtures/detection/detection_ground_truth.json');
	const shapes = JSON.parse(readFileSync(truth, 'utf8')) as Shape[];
	return shapes.filter((shape) => Object.keys(shape.header).length > 500);
}

/** FLUX.1-dev as published: 780 tensors. */
function flux(): Shape {
	const header: Table = {
		'img_in.weight': bf16(3072, 64),
		'guidance_in.in_layer.weight': bf16(3072, 256),
	};
	for (const name of ['img_in.bias', 'txt_in.bias', 'final_layer.linear.bias'])
		header[name] = bf16(3072);
	for (const layer of ['time_in', 'vector_in', 'guidance_in']) {
		for (const part of ['in_layer', 'out_layer']) linear(header, `${layer}.${part}`, 3072, 3072);
	}
	for (let block = 0; block < 19; block += 1) {
		for (const stream of ['img', 'txt']) {
			const start = `double_blocks.${block}.${stream}`;
			linear(header, `${start}_mod.lin`, 18432, 3072);
			linear(header, `${start}_attn.qkv`, 9216, 3072);
			linear(header, `${start}_attn.proj`, 3072, 3072);
			linear(header, `${start}_mlp.0`, 12288, 3072);
			linear(header, `${start}_mlp.2`, 3072, 12288);
			for (const norm of ['query', 'key'])
				header[`${start}_attn.norm.${norm}_norm.scale`] = bf16(128);
		}
	}
	for (let block = 0; block < 38; block += 1) {
		const start = `single_blocks.${block}`;
		linear(header, `${start}.linear1`, 21504, 3072);
		linear(header, `${start}.linear2`, 3072, 15360);
		linear(header, `${start}.modulation.lin`, 9216, 3072);
		for (const norm of ['query', 'key']) header[`${start}.norm.${norm}_norm.scale`] = bf16(128);
	}
	return { name: 'flux', header };
}

/** Qwen-Image as published: 60 blocks, 1,900 tensors. */
function qwenImage(): Shape {
	const header: Table = { 'img_in.weight': bf16(3072, 64), 'txt_norm.weight': bf16(3584) };
	for (let block = 0; block < 60; block += 1) {
		const start = `transformer_blocks.${block}`;
		for (const part of [
			'to_q',
			'to_k',
			'to_v',
			'to_out.0',
			'add_q_proj',
			'add_k_proj',
			'add_v_proj',
			'to_add_out',
		]) {
			linear(header, `${start}.attn.${part}`, 3072, 3072);
		}
		for (const norm of ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k'])
			header[`${start}.attn.${norm}.weight`] = bf16(128);
		for (const stream of ['img', 'txt']) {
			linear(header, `${start}.${stream}_mod.1`, 18432, 3072);
			linear(header, `${start}.${stream}_mlp.net.0.proj`, 12288, 3072);
			linear(header, `${start}.${stream}_mlp.net.2`, 3072, 12288);
		}
	}
	return { name: 'qwen-image', header };
}

type Table = Record<string, readonly [dtype: string, shape: readonly number[]]>;

function bf16(...shape: number[]): readonly [string, readonly number[]] {
	return ['BF16', shape];
}

function linear(header: Table, name: string, rows: number, columns: number): void {
	header[`${name}.weight`] = bf16(rows, columns);
	header[`${name}.bias`] = bf16(rows);
}

/** A LoRA over the linear layers of all 57 blocks of FLUX.1, as the common trainer writes it. */
function loraShape(rank: number): Shape {
	const header: Table = {};
	const add = (name: string, rows: number, columns: number): void => {
		header[`lora_unet_${name}.alpha`] = ['F16', []];
		header[`lora_unet_${name}.lora_down.weight`] = ['F16', [rank, columns]];
		header[`lora_unet_${name}.lora_up.weight`] = ['F16', [rows, rank]];
	};
	for (let block = 0; block < 19; block += 1) {
		for (const stream of ['img', 'txt']) {
			for (const layer of ['attn_proj', 'attn_qkv', 'mlp_0', 'mod_lin'])
				add(`double_blocks_${block}_${stream}_${layer}`, 9216, 3072);
			add(`double_blocks_${block}_${stream}_mlp_2`, 3072, 12288);
		}
	}
	for (let block = 0; block < 38; block += 1) {
		for (const layer of ['linear1', 'modulation_lin'])
			add(`single_blocks_${block}_${layer}`, 9216, 3072);
		add(`single_blocks_${block}_linear2`, 3072, 15360);
	}
	return { name: `lora-r${rank}`, header };
}

/** The least that anybody must do: open, read the length, read the header, close. */
function bareLoop(paths: readonly string[]): number {
	const first = Buffer.allocUnsafe(8);
	let total = 0;
	for (const file of paths) {
		const descriptor = openSync(file, 'r');
		readSync(descriptor, first, 0, 8, 0);
		const header = Buffer.allocUnsafe(Number(first.readBigUInt64LE(0)));
		total += readSync(descriptor, header, 0, header.length, 8);
		closeSync(descriptor);
	}
	return total;
}

interface Measurement {
	scanMs: number;
	bareMs: number;
	ratio: number;
	headerBytes: number;
	detected: number;
}

async function measure(root: string, paths: readonly string[]): Promise<Measurement> {
	const scans: number[] = [];
	const bares: number[] = [];
	let headerBytes = 0;
	let detected = 0;
	for (let round = 0; round < ROUNDS; round += 1) {
		let start = performance.now();
		headerBytes = bareLoop(paths);
		bares.push(performance.now() - start);
		start = performance.now();
		const scan = await scanModels(root);
		scans.push(performance.now() - start);
		detected = scan.files.filter(
			(file) => file.detection && file.detection.part !== 'unknown',
		).length;
	}
	// the least of the rounds: whatever else the machine does only adds to it
	const scanMs = Math.min(...scans);
	const bareMs = Math.min(...bares);
	return { scanMs, bareMs, ratio: scanMs / bareMs, headerBytes, detected };
}

function report(result: Measurement): void {
	const figures = {
		files: FILES,
		header_mb: Number((result.headerBytes / 1e6).toFixed(1)),
		scan_ms: Number(result.scanMs.toFixed(1)),
		bare_loop_ms: Number(result.bareMs.toFixed(1)),
		detected: result.detected,
	};
	console.table([figures]);
	const goals = [
		{
			name: 'ratio to the bare loop',
			value: Number(result.ratio.toFixed(2)),
			goal: GOAL,
			met: result.ratio <= GOAL,
		},
		{ name: 'files detected', value: result.detected, goal: FILES, met: result.detected === FILES },
	];
	if (goals.some((goal) => !goal.met)) process.exitCode = 1;
	console.log(`RESULT ${JSON.stringify({ bench: 'scan', figures, goals })}`);
}

void main();
