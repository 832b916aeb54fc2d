/** Puts the parts of a model that is split over several files ("-00001-of-00003") together into one finding. */
import path from 'node:path';

import { detectModel, type ModelHeader, type TensorInfo } from '../../../lib/detection';
import { type FileProblem, printable } from './problems';
import { SPLIT_PART } from './read-file';
import type { ScannedFile } from './scan';

/** A file as it was read: with its tensor table where it is one part of a model. */
export type ReadFile = ScannedFile & { header?: ModelHeader };

/** Files that are no parts are passed through; each set of parts becomes one file named as its first part. */
export function joinSplitFiles(files: readonly ReadFile[]): ScannedFile[] {
	const sets = new Map<string, ReadFile[]>();
	const whole: ScannedFile[] = [];
	for (const file of files) {
		const match = file.path.includes('-of-') ? SPLIT_PART.exec(file.path) : null;
		if (!match) whole.push(file);
		else {
			const key = `${match[1]}|${match[3]}|${match[4]}`;
			sets.set(key, [...(sets.get(key) ?? []), file]);
		}
	}
	return [...whole, ...[...sets.values()].map(joinSet)].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function joinSet(parts: ReadFile[]): ScannedFile {
	const first: ReadFile = { ...parts[0]! };
	delete first.header;
	const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
	const failed = (problem: FileProblem): ScannedFile => ({
		...first,
		bytes,
		detection: null,
		problem,
	});
	const total = Number(SPLIT_PART.exec(first.path)?.[3] ?? parts.length);
	const broken = parts.find((part) => part.problem)?.problem;
	if (broken) return failed(broken);
	if (parts.length !== total) {
		return failed({
			code: 'SPLIT_INCOMPLETE',
			message: `Only ${parts.length} of the model's ${total} parts are there.`,
			hint: 'Download the missing parts.',
		});
	}
	const joined = joinedHeader(parts);
	if (typeof joined === 'string') {
		return failed({
			code: 'HEADER_INVALID',
			message: `Two of the model's parts hold the tensor "${printable(joined)}".`,
			hint: 'The parts are of different models: download them again.',
		});
	}
	const detection = detectModel(joined, path.basename(first.path));
	const evidence = [...detection.evidence, `split in ${total} files`];
	return { ...first, bytes, parts: total, detection: { ...detection, evidence } };
}

/** The table of the whole model, in which the keys that decide may be in different parts; the name of a tensor that is in two. */
function joinedHeader(parts: readonly ReadFile[]): ModelHeader | string {
	const tensors = new Map<string, TensorInfo>();
	const metadata: Record<string, string> = {};
	for (const { header } of parts) {
		if (!header) continue;
		for (const [name, tensor] of header.tensors) {
			if (tensors.has(name)) return name;
			tensors.set(name, tensor);
		}
		Object.assign(metadata, header.metadata);
	}
	return { container: parts[0]?.header?.container ?? 'safetensors', tensors, metadata };
}
