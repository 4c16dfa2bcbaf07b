package dev.signalbox.simulator.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * A distribution of numbers that are never negative, of whatever unit its user says (milliseconds, tokens).
 *
 * <p>As text: {@code fixed:20} (or just {@code 20}), {@code uniform:10:30}, {@code exponential:MEAN},
 * {@code lognormal:MEDIAN:SIGMA}, {@code quantiles:0=10:0.5=25:0.99=80:1=200}.
 */
public sealed interface Distribution {
    double sample(RandomGenerator random);

    record Fixed(double value) implements Distribution {
        public Fixed {
            requireSane(value);
        }

        @Override
        public double sample(RandomGenerator random) {
            return value;
        }
    }

    /** @param high exclusive, but for {@code low == high} */
    record Uniform(double low, double high) implements Distribution {
        public Uniform {
            requireSane(low);
            requireSane(high);
            if (high < low) {
                throw new IllegalArgumentException("uniform from " + low + " down to " + high);
            }
        }

        @Override
        public double sample(RandomGenerator random) {
            return low + (high - low) * random.nextDouble();
        }
    }

    record Exponential(double mean) implements Distribution {
        public Exponential {
            requireSane(mean);
        }

        @Override
        public double sample(RandomGenerator random) {
            return mean * random.nextExponential();
        }
    }

    /**
     * @param median the value that half of the samples stay under
     * @param sigma standard deviation of the logarithm: 0.5 has a 99th percentile of 3.2 times the median
     */
    record LogNormal(double median, double sigma) implements Distribution {
        public LogNormal {
            requireSane(median);
            requireSane(sigma);
        }

        @Override
        public double sample(RandomGenerator random) {
            return median * Math.exp(sigma * random.nextGaussian());
        }
    }

    /** A recorded table: the value at each probability, straight lines between. */
    record Quantiles(List<Point> points) implements Distribution {
        public record Point(double probability, double value) {
            public Point {
                requireSane(value);
                if (!(probability >= 0 && probability <= 1)) {
                    throw new IllegalArgumentException("probability " + probability + " is not within 0 to 1");
                }
            }
        }

        public Quantiles {
            points = List.copyOf(points);
            if (points.size() < 2) {
                throw new IllegalArgumentException("a table of quantiles needs at least two points");
            }
            for (int i = 1; i < points.size(); i++) {
                if (points.get(i).probability <= points.get(i - 1).probability
                        || points.get(i).value < points.get(i - 1).value) {
                    throw new IllegalArgumentException("quantiles must rise: " + points);
                }
            }
        }

        @Override
        public double sample(RandomGenerator random) {
            return at(random.nextDouble());
        }

        double at(double probability) {
            Point below = points.getFirst();
            for (Point above : points) {
                if (probability <= above.probability) {
                    double span = above.probability - below.probability;
                    return span == 0
                            ? above.value
                            : below.value + (above.value - below.value) * (probability - below.probability) / span;
                }
                below = above;
            }
            return below.value;
        }
    }

    static Distribution fixed(double value) {
        return new Fixed(value);
    }

    /** @throws IllegalArgumentException in words fit for the operator who wrote {@code text} */
    static Distribution parse(String text) {
        String[] parts = text.strip().toLowerCase(Locale.ROOT).split(":", -1);
        return switch (parts[0]) {
            case "fixed" -> fixed(number(text, parts, 1, 2));
            case "uniform" -> new Uniform(number(text, parts, 1, 3), number(text, parts, 2, 3));
            case "exponential" -> new Exponential(number(text, parts, 1, 2));
            case "lognormal" -> new LogNormal(number(text, parts, 1, 3), number(text, parts, 2, 3));
            case "quantiles" -> quantiles(text, parts);
            default -> fixed(number(text, parts, 0, 1));
        };
    }

    private static Distribution quantiles(String text, String[] parts) {
        List<Quantiles.Point> points = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].split("=", -1);
            points.add(new Quantiles.Point(number(text, pair, 0, 2), number(text, pair, 1, 2)));
        }
        return new Quantiles(points);
    }

    private static double number(String text, String[] parts, int index, int expectedParts) {
        if (parts.length == expectedParts) {
            try {
                return Double.parseDouble(parts[index]);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(usage(text), e);
            }
        }
        throw new IllegalArgumentException(usage(text));
    }

    private static String usage(String text) {
        return "'" + text + "' is no distribution: write 20, fixed:20, uniform:10:30, exponential:MEAN, "
                + "lognormal:MEDIAN:SIGMA or quantiles:0=10:0.5=25:1=200";
    }

    private static void requireSane(double value) {
        if (!(value >= 0 && value <= 1e12)) {
            throw new IllegalArgumentException(value + " is not within 0 to 1e12");
        }
    }
}
