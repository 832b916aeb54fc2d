/** Evidence for the Stable Diffusion and FLUX.1 families. */
import { resident, small } from './timing';
import type { MemoryEvidence, ModelEvidence } from './types';

const sdxlMemory: MemoryEvidence = {
	allPartsGb: 6.94,
	samplingGb: 5.14,
	activationFactor: 0.8,
	latentDivisor: 8,
};

const fluxMemory: MemoryEvidence = {
	allPartsGb: 17.2,
	samplingGb: 11.9,
	activationFactor: 3.1,
	latentDivisor: 8,
};

export const STABLE_DIFFUSION_AND_FLUX1: Record<string, ModelEvidence> = {
	sd15: {
		quality: {
			elo: 640,
			alignment: [0.43, (63.18 - 50) / 40],
			text: [0.05],
			portraitShift: -0.05,
			guessed: ['elo', 'text', 'portraitShift'],
		},
		fp8: false,
		memory: { allPartsGb: 2.13, samplingGb: 1.72, activationFactor: 1, latentDivisor: 8 },
		presets: { full: small(0.015, 2) },
	},
	'sdxl-base': {
		quality: {
			elo: 840,
			alignment: [0.55, (74.65 - 50) / 40],
			text: [0.15],
			portraitShift: -0.05,
			guessed: ['elo', 'text', 'portraitShift'],
		},
		fp8: false,
		memory: sdxlMemory,
		presets: { full: resident(0.1, 2) },
	},
	'sdxl-lightning-8step': {
		quality: {
			elo: 825,
			alignment: [0.54],
			text: [0.13],
			portraitShift: -0.05,
			guessed: ['elo', 'alignment', 'text', 'portraitShift'],
		},
		fp8: false,
		memory: sdxlMemory,
		presets: { 'lightning-8': resident(0.1, 1) },
	},
	'sdxl-lightning-4step': {
		quality: {
			elo: 815,
			alignment: [0.525],
			text: [0.12],
			portraitShift: -0.05,
			guessed: ['elo', 'alignment', 'text', 'portraitShift'],
		},
		fp8: false,
		memory: sdxlMemory,
		presets: { 'lightning-4': resident(0.1, 1) },
	},
	'sdxl-turbo': {
		quality: {
			elo: 760,
			alignment: [0.55],
			text: [0.08],
			portraitShift: -0.05,
			guessed: ['elo', 'alignment', 'text', 'portraitShift', 'deductions'],
		},
		fp8: false,
		memory: sdxlMemory,
		presets: { full: small(0.04, 1), 'single-step': small(0.04, 1, 'lightning4') },
	},
	'sd35-medium': {
		quality: { elo: 929, alignment: [0.63], text: [0.45], guessed: ['text', 'deductions'] },
		fp8: false,
		memory: {
			allPartsGb: 11.6,
			samplingGb: 5.1,
			largerEncoderGb: 5.16,
			activationFactor: 1.6,
			latentDivisor: 8,
		},
		presets: { full: resident(0.1, 2), balanced: resident(0.1, 2, 'fewerSteps') },
	},
	'sd35-large': {
		quality: { elo: 1030, alignment: [0.71], text: [0.655], guessed: ['deductions'] },
		fp8: true,
		memory: { allPartsGb: 14.9, samplingGb: 8.16, activationFactor: 1.6, latentDivisor: 8 },
		presets: { full: resident(0.32, 2), balanced: resident(0.32, 2, 'fewerSteps') },
	},
	'sd35-large-turbo': {
		quality: {
			elo: 1010,
			alignment: [0.7],
			text: [0.55],
			guessed: ['elo', 'alignment', 'text'],
		},
		fp8: false,
		memory: { allPartsGb: 23.3, samplingGb: 16.5, activationFactor: 1.6, latentDivisor: 8 },
		presets: { 'turbo-4': resident(0.32, 2) },
	},
	'flux1-dev': {
		quality: {
			elo: 1044,
			alignment: [0.66, (83.84 - 50) / 40, 0.786],
			text: [0.607, 0.497, 0.523],
			style: 0.368,
			portraitShift: -0.03,
			guessed: ['portraitShift'],
		},
		fp8: true,
		memory: fluxMemory,
		presets: { full: resident(0.5, 1, 'none', 10.5) },
	},
	'flux1-schnell': {
		quality: { elo: 1000, alignment: [0.71], text: [0.45], guessed: ['text'] },
		fp8: true,
		memory: fluxMemory,
		presets: { full: resident(0.5, 1, 'none', 4.5) },
	},
	'flux1-krea-dev': {
		quality: {
			elo: 1016,
			text: [0.5],
			portraitShift: 0.04,
			guessed: ['text', 'portraitShift'],
		},
		fp8: true,
		memory: { ...fluxMemory, allPartsGb: 17.64 },
		presets: { full: resident(0.5, 1) },
	},
	'flux1-kontext-dev': {
		quality: { gedit: 6 },
		fp8: true,
		memory: { ...fluxMemory, allPartsGb: 17.64, referenceImages: 1 },
		presets: { full: resident(1.3, 1) },
	},
	'chroma1-hd': {
		quality: {
			elo: 1000,
			alignment: [0.65],
			text: [0.45],
			guessed: ['elo', 'alignment', 'text'],
		},
		fp8: false,
		memory: { allPartsGb: 23.3, samplingGb: 17.8, activationFactor: 3.2, latentDivisor: 8 },
		presets: { full: resident(0.375, 2) },
	},
};
