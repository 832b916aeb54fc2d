/** Puts the parts of a model that is split over several files ("-00001-of-00003") together into one finding. */
import type { Detection } from '../../../lib/detection';
import type { ScannedFile } from './scan';

const PART = /^(.*)-(\d{5})-of-(\d{5})(\.safetensors|\.gguf)$/i;

/** Files that are no parts are passed through; each set of parts becomes one file named as its first part. */
export function joinSplitFiles(files: readonly ScannedFile[]): ScannedFile[] {
	const sets = new Map<string, ScannedFile[]>();
	const whole: ScannedFile[] = [];
	for (const file of files) {
		const match = file.path.includes('-of-') ? PART.exec(file.path) : null;
		if (!match) whole.push(file);
		else {
			const key = `${match[1]}|${match[3]}|${match[4]}`;
			sets.set(key, [...(sets.get(key) ?? []), file]);
		}
	}
	return [...whole, ...[...sets.values()].map(joinSet)].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function joinSet(parts: ScannedFile[]): ScannedFile {
	const first = parts[0]!;
	const total = Number(PART.exec(first.path)?.[3] ?? parts.length);
	const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
	const broken = parts.find((part) => part.problem);
	if (broken) return { ...first, bytes, detection: null, problem: broken.problem };
	if (parts.length !== total) {
		const message = `Only ${parts.length} of the model's ${total} parts are there.`;
		const problem = {
			code: 'SPLIT_INCOMPLETE' as const,
			message,
			hint: 'Download the missing parts.',
		};
		return { ...first, bytes, detection: null, problem };
	}
	return { ...first, bytes, parts: total, detection: largest(parts) };
}

/** The part that was recognised speaks for the whole; sizes and parameters are those of all parts. */
function largest(parts: readonly ScannedFile[]): Detection | null {
	const detections = parts.flatMap((part) => (part.detection ? [part.detection] : []));
	const known = detections.find((detection) => detection.part !== 'unknown') ?? detections[0];
	if (!known) return null;
	const parameters = detections.reduce((sum, detection) => sum + detection.parameters, 0);
	const size = detections.reduce(
		(sum, { bytes }) => sum + bytes.diffusion + bytes.textEncoder + bytes.vae + bytes.other,
		0,
	);
	const owner =
		known.part === 'vae' ? 'vae' : known.part === 'text_encoder' ? 'textEncoder' : 'diffusion';
	const bytes = { diffusion: 0, textEncoder: 0, vae: 0, other: 0, [owner]: size };
	return {
		...known,
		parameters,
		bytes,
		evidence: [...known.evidence, `split in ${parts.length} files`],
	};
}
