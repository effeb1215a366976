/** Runs beside the audio: float blocks in, 16-bit frames of a twentieth of a second out. */

class PcmProcessor extends AudioWorkletProcessor {
  #frame = new Int16Array(sampleRate / 20);
  #filled = 0;

  /** @param {Float32Array[][]} inputs */
  process([[samples = new Float32Array(0)] = []]) {
    for (const sample of samples) {
      this.#frame[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.#filled === this.#frame.length) this.#emit();
    }
    return true;
  }

  #emit() {
    this.port.postMessage(this.#frame, [this.#frame.buffer]);
    this.#frame = new Int16Array(sampleRate / 20);
    this.#filled = 0;
  }
}

registerProcessor("pcm", PcmProcessor);
