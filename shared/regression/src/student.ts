/** @file Student's t distribution: how far a value may lie from the mean of a few others before chance is no explanation. */

/**
 * The probability that |T| <= t for Student's t with a whole number of degrees of freedom: finite sums of powers of cos θ with
 * θ = atan(t / √ν) (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).
 */
export function studentCentral(t: number, degrees: number): number {
  const theta = Math.atan(t / Math.sqrt(degrees));
  const cos2 = Math.cos(theta) ** 2;
  const odd = degrees % 2 === 1;
  // odd:  cos θ + 2/3 cos³ θ + (2·4)/(3·5) cos⁵ θ + …; even: 1 + 1/2 cos² θ + (1·3)/(2·4) cos⁴ θ + …; up to cos^(ν − 2)
  let term = odd ? Math.cos(theta) : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cos2;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}

/**
 * The t that |T| exceeds with probability `outside`, by bisection.
 * @param outside from 1e-12 to below 1, both tails together
 * @param degrees of freedom, a whole number from 1
 * @throws RangeError for a tail that is lost in rounding, and without degrees of freedom: none would be found
 */
export function studentQuantile(outside: number, degrees: number): number {
  if (!(outside >= 1e-12 && outside < 1)) throw new RangeError(`a probability from 1e-12 to 1, not ${outside}`);
  if (!(Number.isInteger(degrees) && degrees >= 1)) throw new RangeError(`degrees of freedom from 1, not ${degrees}`);
  let low = 0;
  let high = 1;
  while (1 - studentCentral(high, degrees) > outside) high *= 2;
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (1 - studentCentral(middle, degrees) > outside) low = middle;
    else high = middle;
  }
  return high;
}
