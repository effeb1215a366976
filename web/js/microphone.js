/**
 * A microphone as 16-bit mono samples.
 *
 * @import { Samples } from "./ring.js"
 */

/** @returns {Promise<MediaDeviceInfo[]>} names are empty until the user has allowed a microphone */
export async function microphones() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId);
}

/** The loudness of samples in dB below full scale. @param {Samples} samples */
export function dbfs(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return 10 * Math.log10(power / 32768 ** 2 + 1e-10);
}

export class Microphone {
  /** @type {MediaStream} */ #stream;
  /** @type {AudioContext} */ #context;

  /** @param {MediaStream} stream @param {AudioContext} context */
  constructor(stream, context) {
    this.#stream = stream;
    this.#context = context;
  }

  /**
   * Asks the user; rejects with the browser's DOMException where they or the system refuse.
   *
   * @param {string} deviceId empty: the system's choice
   */
  static async open(deviceId) {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { deviceId: deviceId ? { exact: deviceId } : undefined, channelCount: 1 },
    });
    const context = new AudioContext();
    await context.audioWorklet.addModule("/web/js/pcm-worklet.js");
    await context.resume();
    return new Microphone(stream, context);
  }

  /** Hz */
  get sampleRate() {
    return this.#context.sampleRate;
  }

  /**
   * @param {(samples: Samples) => void} onSamples ten times a second
   * @param {() => void} onEnd the device is gone
   */
  listen(onSamples, onEnd) {
    const source = this.#context.createMediaStreamSource(this.#stream);
    const node = new AudioWorkletNode(this.#context, "pcm", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    node.port.onmessage = ({ data }) => onSamples(data);
    source.connect(node);
    this.#stream.getAudioTracks()[0].onended = onEnd;
  }

  async close() {
    this.#stream.getTracks().forEach((track) => track.stop());
    if (this.#context.state !== "closed") await this.#context.close();
  }
}
