import { existsSync } from "node:fs";
import { fault } from "@muster/shared/fault.ts";
import koffi, { type LibraryHandle } from "koffi";

/** A C handle of the engine (address of a booster or of a data matrix). */
export type Handle = bigint;
type OutHandle = [Handle | null];
type OutLength = [number | bigint];
type OutText = [string | null];
type Call<A extends unknown[]> = (...args: A) => void;

/**
 * The functions of libxgboost that we use, checked: each throws `internal` with the engine's own words when it fails.
 * All calls must come from one thread: the engine keeps its last error and its caches per thread.
 */
export type Xgboost = {
  /** `major.minor.patch` of the loaded library. */
  version: string;
  matrixFromDense: Call<[Float32Array, number, number, number, OutHandle, number]>;
  matrixSetFloats: Call<[Handle, string, Float32Array, number]>;
  matrixFree: Call<[Handle]>;
  /** What kind each column is: `q` a number, `c` a category by its code. */
  matrixSetTypes: Call<[Handle, string, string[], number]>;
  /** A stand-in for one batch of a matrix that is made from batches. */
  proxyCreate: () => Handle;
  /** Shows the stand-in a dense batch in memory of ours. */
  proxySetDense: (proxy: Handle, address: bigint, rows: number, columns: number) => void;
  /** A quantised matrix from batches: `next` sets the next one (1) or says that there is none (0) or that it failed (−1). */
  quantileMatrix: (from: {
    proxy: Handle;
    next: () => number;
    reset: () => void;
    bins: number;
    threads: number;
    /** A matrix whose bins are taken over; 0n: none. */
    reference: Handle;
  }) => Handle;
  boosterCreate: Call<[Handle[], number, OutHandle]>;
  boosterFree: Call<[Handle]>;
  boosterSetParam: Call<[Handle, string, string]>;
  boosterUpdate: Call<[Handle, number, Handle]>;
  boosterEval: Call<[Handle, number, Handle[], string[], number, OutText]>;
  boosterPredict: Call<[Handle, Handle, string, OutHandle, OutLength, OutHandle]>;
  boosterSave: Call<[Handle, string, OutLength, OutHandle]>;
  boosterLoad: Call<[Handle, Uint8Array, number]>;
  boosterSlice: Call<[Handle, number, number, number, OutHandle]>;
  boosterRounds: Call<[Handle, [number]]>;
  /** Copies `count` floats that the engine owns. */
  floats: (address: Handle, count: number) => Float32Array;
  /** Copies `count` 64-bit lengths that the engine owns. */
  lengths: (address: Handle, count: number) => number[];
  /** Copies `count` bytes that the engine owns. */
  bytes: (address: Handle, count: number) => Uint8Array;
};

const names = ["libxgboost.so.0", "libxgboost.so", "libxgboost.dylib", "/opt/homebrew/lib/libxgboost.dylib"];

const install =
  "install it (Debian: apt-get install libxgboost0; macOS: brew install xgboost) or set MUSTER_XGBOOST_LIB to the library file";

function open(path: string | null): LibraryHandle {
  if (path !== null) {
    if (!existsSync(path)) throw fault("unavailable", `no XGBoost library at the path set; ${install}`);
    return koffi.load(path);
  }
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      errors.push(error);
    }
  }
  throw fault("unavailable", `the XGBoost library wasn't found; ${install}`, {}, new AggregateError(errors));
}

let prototypes = 0;

const loaded = new Map<string | null, Xgboost>();

/**
 * The XGBoost C library, loaded once per process: from `path`, else by name from where the system looks.
 * Throws `unavailable` with the install command when it isn't there.
 */
export function loadXgboost(path: string | null = null): Xgboost {
  const known = loaded.get(path);
  if (known) return known;
  const library = bind(open(path));
  loaded.set(path, library);
  return library;
}

function bind(library: LibraryHandle): Xgboost {
  const lastError = library.func("const char *XGBGetLastError()");
  const checked = <A extends unknown[]>(definition: string): Call<A> => {
    const call = library.func(definition);
    return (...args) => {
      if (call(...args) !== 0) {
        const words = String(lastError()).split("\n")[0];
        throw fault("internal", `XGBoost refused: ${words}`);
      }
    };
  };
  checked<[string]>("int XGBSetGlobalConfig(const char *json)")(JSON.stringify({ verbosity: 0 }));
  const [major, minor, patch] = [[0], [0], [0]];
  library.func("void XGBoostVersion(_Out_ int *major, _Out_ int *minor, _Out_ int *patch)")(major, minor, patch);
  const proxyNew = checked<[OutHandle]>("int XGProxyDMatrixCreate(_Out_ uintptr_t *out)");
  const proxyDense = checked<[Handle, string]>("int XGProxyDMatrixSetDataDense(uintptr_t proxy, const char *array)");
  // Names of callback types are koffi's own and stand once per process.
  const nth = prototypes++;
  koffi.proto(`int XgboostNext${nth}(uintptr_t iterator)`);
  koffi.proto(`void XgboostReset${nth}(uintptr_t iterator)`);
  const fromCallback = checked<[Handle, Handle, Handle, () => void, () => number, string, OutHandle]>(
    `int XGQuantileDMatrixCreateFromCallback(uintptr_t iterator, uintptr_t proxy, uintptr_t reference, XgboostReset${nth} *reset, XgboostNext${nth} *next, const char *config, _Out_ uintptr_t *out)`,
  );
  const view = (address: Handle, bytes: number) => koffi.view(address, bytes).slice(0);
  return {
    version: `${major[0]}.${minor[0]}.${patch[0]}`,
    matrixFromDense: checked(
      "int XGDMatrixCreateFromMat_omp(const float *data, uint64_t rows, uint64_t columns, float missing, _Out_ uintptr_t *out, int threads)",
    ),
    matrixSetFloats: checked(
      "int XGDMatrixSetFloatInfo(uintptr_t matrix, const char *field, const float *values, uint64_t length)",
    ),
    matrixSetTypes: checked(
      "int XGDMatrixSetStrFeatureInfo(uintptr_t matrix, const char *field, const char **values, uint64_t length)",
    ),
    proxyCreate() {
      const out: OutHandle = [null];
      proxyNew(out);
      return out[0]!;
    },
    proxySetDense(proxy, address, rows, columns) {
      // The array interface, whose address and shape are numbers in JSON.
      const shape = `"shape": [${rows}, ${columns}], "typestr": "<f4", "version": 3`;
      proxyDense(proxy, `{"data": [${address}, true], ${shape}}`);
    },
    quantileMatrix({ proxy, next, reset, bins, threads, reference }) {
      const out: OutHandle = [null];
      const config = `{"missing": NaN, "nthread": ${threads}, "max_bin": ${bins}}`;
      fromCallback(1n, proxy, reference, reset, next, config, out);
      return out[0]!;
    },
    matrixFree: checked("int XGDMatrixFree(uintptr_t matrix)"),
    boosterCreate: checked("int XGBoosterCreate(const uintptr_t *matrices, uint64_t length, _Out_ uintptr_t *out)"),
    boosterFree: checked("int XGBoosterFree(uintptr_t booster)"),
    boosterSetParam: checked("int XGBoosterSetParam(uintptr_t booster, const char *name, const char *value)"),
    boosterUpdate: checked("int XGBoosterUpdateOneIter(uintptr_t booster, int round, uintptr_t matrix)"),
    boosterEval: checked(
      "int XGBoosterEvalOneIter(uintptr_t booster, int round, const uintptr_t *matrices, const char **names, uint64_t length, _Out_ const char **out)",
    ),
    boosterPredict: checked(
      "int XGBoosterPredictFromDMatrix(uintptr_t booster, uintptr_t matrix, const char *config, _Out_ uintptr_t *shape, _Out_ uint64_t *dimensions, _Out_ uintptr_t *result)",
    ),
    boosterSave: checked(
      "int XGBoosterSaveModelToBuffer(uintptr_t booster, const char *config, _Out_ uint64_t *length, _Out_ uintptr_t *bytes)",
    ),
    boosterLoad: checked("int XGBoosterLoadModelFromBuffer(uintptr_t booster, const uint8_t *bytes, uint64_t length)"),
    boosterSlice: checked("int XGBoosterSlice(uintptr_t booster, int begin, int end, int step, _Out_ uintptr_t *out)"),
    boosterRounds: checked("int XGBoosterBoostedRounds(uintptr_t booster, _Out_ int *out)"),
    floats: (address, count) => (count === 0 ? new Float32Array(0) : new Float32Array(view(address, count * 4))),
    lengths: (address, count) => Array.from(new BigUint64Array(view(address, count * 8)), Number),
    bytes: (address, count) => new Uint8Array(view(address, count)),
  };
}
