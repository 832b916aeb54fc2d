/**
 * Remembers the tensor tables and detections of the last headers seen. Files of one architecture share their table byte
 * for byte, and comparing bytes is far cheaper than parsing them.
 */
import { type Detection, detectTable, type ModelHeader, withNames } from '../../../lib/detection';
import { checkData, leadingMetadata, type ParsedHeader, parseHeaderText } from './safetensors';

interface Entry {
	/** The header's bytes behind its metadata and before its padding. */
	rest: Buffer;
	parsed: ParsedHeader;
	detection: Detection;
}

interface Known {
	parsed: ParsedHeader;
	detection: Detection;
	metadata: Record<string, string>;
}

const MAX_ENTRIES = 256;
const MAX_BYTES = 24 * 1024 ** 2;
/** The end of a table names its last tensor and the size of all: few tables share it. */
const KEY_BYTES = 96;

export class TableCache {
	/** Oldest first. */
	private readonly entries = new Map<string, Entry>();
	private bytes = 0;

	/**
	 * @param json the header's JSON; not kept
	 * @throws HeaderFault
	 */
	detect(
		json: Buffer,
		fileBytes: number,
		fileName: string,
	): { header: ModelHeader; detection: Detection } {
		const trimmed = json.subarray(0, endOf(json));
		const known = this.find(trimmed) ?? this.parse(trimmed);
		checkData(known.parsed, json.length, fileBytes);
		const { metadata } = known;
		const header: ModelHeader = {
			container: 'safetensors',
			tensors: known.parsed.tensors,
			metadata,
		};
		return { header, detection: withNames(known.detection, header, fileName) };
	}

	/** A known table whose bytes end this header, with nothing but metadata before them. */
	private find(json: Buffer): Known | null {
		const key = keyOf(json);
		const entry = this.entries.get(key);
		if (!entry) return null;
		const start = json.length - entry.rest.length;
		if (start < 1 || entry.rest.compare(json, start) !== 0) return null;
		const metadata = metadataOnly(json, start);
		if (!metadata || speaksOfQuantisation(metadata)) return null;
		return { parsed: entry.parsed, detection: entry.detection, metadata };
	}

	private parse(json: Buffer): Known {
		const text = json.toString('latin1');
		const parsed = parseHeaderText(text);
		const detection = detectTable({ container: 'safetensors', ...parsed });
		if (!speaksOfQuantisation(parsed.metadata)) {
			// without the brace or comma before the first tensor, so that metadata makes no difference
			this.keep(json.subarray((leadingMetadata(text)?.rest ?? 0) + 1), parsed, detection);
		}
		return { parsed, detection, metadata: parsed.metadata };
	}

	private keep(rest: Buffer, parsed: ParsedHeader, detection: Detection): void {
		if (rest.length < KEY_BYTES || rest.length > MAX_BYTES / 4) return;
		const key = keyOf(rest);
		this.drop(key);
		this.entries.set(key, {
			rest: Buffer.from(rest),
			parsed: { ...parsed, metadata: {} },
			detection,
		});
		this.bytes += rest.length;
		for (const oldest of this.entries.keys()) {
			if (this.entries.size <= MAX_ENTRIES && this.bytes <= MAX_BYTES) return;
			this.drop(oldest);
		}
	}

	private drop(key: string): void {
		this.bytes -= this.entries.get(key)?.rest.length ?? 0;
		this.entries.delete(key);
	}
}

/** Writers pad the header with spaces, as many as its length happens to need. */
function endOf(json: Buffer): number {
	let end = json.length;
	while (end > 0 && json[end - 1] === 0x20) end -= 1;
	return end;
}

function keyOf(json: Buffer): string {
	return json.toString('latin1', Math.max(0, json.length - KEY_BYTES));
}

/** What stands before the tensors, if that is metadata or nothing; null where it is anything else. */
function metadataOnly(json: Buffer, start: number): Record<string, string> | null {
	const text = json.toString('latin1', 0, start);
	if (text === '{') return {};
	const leading = leadingMetadata(text);
	return leading && leading.rest === start - 1 && text.endsWith(',') ? leading.metadata : null;
}

/** Then the metadata takes part in the detection, and the table alone does not decide it. */
function speaksOfQuantisation(metadata: Record<string, string>): boolean {
	return '_quantization_metadata' in metadata;
}
