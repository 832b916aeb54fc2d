/** Scans a models directory: lists its files and detects each from its header. One file's fault never ends the scan. */
import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import type { Detection } from '../../../lib/detection';
import { type FolderKind, planFolders } from './folders';
import type { FileProblem } from './problems';
import { type FileReading, readFileAsync, SyncReader, unopenedProblem } from './read-file';
import { joinSplitFiles, type ReadFile } from './split-files';
import { TableCache } from './table-cache';
import { Turns } from './turns';
import { type ListedFile, listModelFiles } from './walk';

export interface ScannedFile {
	/** Absolute or as `root` was given. */
	path: string;
	/** As ComfyUI names it. */
	name: string;
	kind: FolderKind | null;
	/** Size of the file; of all parts where it is split. */
	bytes: number;
	/** Number of files, where it is split. */
	parts?: number;
	detection: Detection | null;
	problem: FileProblem | null;
}

export interface ScanReport {
	files: ScannedFile[];
	warnings: string[];
}

export interface ScanOptions {
	extraPathsFile?: string;
	signal?: AbortSignal;
}

/** The event loop gets a turn this often. */
const BURST_MS = 20;
/** A disk that often takes longer than this for one file is slow: then reads overlap instead of following each other. */
const SLOW_FILE_MS = 10;
const SLOW_FILES_BEFORE_OVERLAP = 4;
const CONCURRENT_READS = 16;

/**
 * @param root see `planFolders`
 * @returns every model file below it with what it is or what is wrong with it; empty with a warning where `root` is absent
 */
export async function scanModels(root: string, options: ScanOptions = {}): Promise<ScanReport> {
	const plan = planFolders(root, options.extraPathsFile);
	const listing = listModelFiles(plan.folders);
	const files = await readAll(listing.files, options.signal);
	return { files: joinSplitFiles(files), warnings: [...plan.warnings, ...listing.warnings] };
}

async function readAll(listed: readonly ListedFile[], signal?: AbortSignal): Promise<ReadFile[]> {
	const cache = new TableCache();
	const large = new Turns();
	const results = new Array<ReadFile>(listed.length);
	let next = await readInBursts(listed, results, new SyncReader(cache), signal);
	const worker = async (): Promise<void> => {
		while (next < listed.length) {
			signal?.throwIfAborted();
			const index = next;
			next += 1;
			const file = listed[index]!;
			results[index] = scanned(
				file,
				unopened(file) ?? (await readFileAsync(file.path, cache, large)),
			);
		}
	};
	await Promise.all(Array.from({ length: CONCURRENT_READS }, worker));
	return results;
}

/** Reads until all are done or the disk proves slow; returns the index of the first file not read. */
async function readInBursts(
	listed: readonly ListedFile[],
	results: ReadFile[],
	reader: SyncReader,
	signal?: AbortSignal,
): Promise<number> {
	let burstStart = performance.now();
	let before = burstStart;
	let slowFiles = 0;
	for (let index = 0; index < listed.length; index += 1) {
		const file = listed[index]!;
		results[index] = scanned(file, unopened(file) ?? reader.read(file.path));
		const now = performance.now();
		// one slow file among many quick ones is a busy machine, not a slow disk
		slowFiles = now - before > SLOW_FILE_MS ? slowFiles + 1 : Math.max(0, slowFiles - 0.1);
		if (slowFiles >= SLOW_FILES_BEFORE_OVERLAP) return index + 1;
		before = now;
		if (now - burstStart > BURST_MS) {
			signal?.throwIfAborted();
			await setImmediate();
			burstStart = performance.now();
			before = burstStart;
		}
	}
	return listed.length;
}

function unopened(file: ListedFile): FileReading | null {
	if (!file.exists) {
		const problem: FileProblem = {
			code: 'BROKEN_LINK',
			message: 'The link leads nowhere.',
			hint: 'Mount the disk it points to, or remove it.',
		};
		return { bytes: 0, detection: null, problem };
	}
	const problem = unopenedProblem(file.path);
	return (
		problem && {
			bytes: statSync(file.path, { throwIfNoEntry: false })?.size ?? 0,
			detection: null,
			problem,
		}
	);
}

function scanned(file: ListedFile, reading: FileReading): ReadFile {
	const { path, name, kind } = file;
	const { bytes, detection, problem } = reading;
	const read: ReadFile = { path, name, kind, bytes, detection, problem };
	if (problem === null && reading.header) read.header = reading.header;
	return read;
}
