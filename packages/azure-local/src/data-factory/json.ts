/** JSON values and the reading of untrusted documents: each reader names the path of what it refuses. */
import { badRequest } from './arm-error.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw badRequest(`${path} must be an object.`);
  return value;
}

export function optionalObjectAt(value: unknown, path: string): JsonObject {
  return value === undefined || value === null ? {} : objectAt(value, path);
}

export function arrayAt(value: unknown, path: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest(`${path} must be an array.`);
  return value as readonly Json[];
}

export function stringAt(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw badRequest(`${path} must be a non-empty string.`);
  return value;
}

export function integerAt(value: unknown, path: string, fallback: number, min: number, max: number): number {
  if (value === undefined || value === null) return fallback;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
    throw badRequest(`${path} must be a whole number between ${min} and ${max}.`);
  }
  return number;
}

/** Text of a value inside a string: strings as they are, nothing for null, JSON for the rest. */
export function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}
