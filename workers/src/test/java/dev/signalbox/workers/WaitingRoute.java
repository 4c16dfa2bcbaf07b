package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A route with one deployment: its weather by the seed, its room and who takes it. */
final class WaitingRoute {
    /** How its vendor is. */
    enum Weather {
        UP,
        DOWN,
        FAILING,
        SLOW
    }

    /** From that time on. */
    record Spell(long fromMillis, Weather weather) {
    }

    final String name;
    final DeploymentName deployment;
    final int capacity;
    final double perSecond;
    final int callMillis;
    final List<Spell> spells = new ArrayList<>();
    Weather weather = Weather.UP;
    int running;
    /** Since when it has been up with room for one more call; {@link Long#MAX_VALUE}: it is not. */
    long roomSince;
    /** Since when nothing of it could start. */
    long closedSince = Long.MAX_VALUE;
    /** Since when calls of it may start, if there is room. */
    long upSince;

    WaitingRoute(String name, SplittableRandom random, long stormMillis, int inFlight) {
        this.name = name;
        this.deployment = new DeploymentName(name, "m");
        this.capacity = random.nextInt(1, inFlight);
        this.callMillis = random.nextInt(20, 1_500);
        this.perSecond = random.nextInt(4) == 0 ? random.nextDouble(0.2, 2) : random.nextDouble(0.5, 6);
        long at = 0;
        while (at < stormMillis) {
            Weather next = switch (random.nextInt(8)) {
                case 0, 1, 2, 3 -> Weather.UP;
                case 4, 5 -> Weather.DOWN;
                case 6 -> Weather.FAILING;
                default -> Weather.SLOW;
            };
            spells.add(new Spell(at, next));
            at += random.nextInt(1_000, 7_000);
        }
        spells.add(new Spell(stormMillis, Weather.UP));
    }

    private WaitingRoute(String name, int capacity, int callMillis, double perSecond, List<Spell> spells) {
        this.name = name;
        this.deployment = new DeploymentName(name, "m");
        this.capacity = capacity;
        this.callMillis = callMillis;
        this.perSecond = perSecond;
        this.spells.addAll(spells);
    }

    /** One that is down until then, and after that needs half a minute to some minutes for what has come. */
    static WaitingRoute scarce(String name, SplittableRandom random, long upMillis) {
        return new WaitingRoute(name, random.nextInt(4, 12), random.nextInt(200, 800), random.nextInt(40, 100),
                List.of(new Spell(0, Weather.DOWN), new Spell(upMillis, Weather.UP)));
    }

    /** One that is up with room for all that comes. */
    static WaitingRoute open(String name, SplittableRandom random) {
        return new WaitingRoute(name, 20, random.nextInt(20, 800), random.nextDouble(0.5, 6),
                List.of(new Spell(0, Weather.UP)));
    }

    boolean hasRoom() {
        return weather != Weather.DOWN && running < capacity;
    }

    /** What it had may have changed. */
    void observe(long nowMillis) {
        if (!hasRoom()) {
            roomSince = Long.MAX_VALUE;
        } else if (roomSince == Long.MAX_VALUE) {
            roomSince = nowMillis;
        }
        if (weather != Weather.DOWN) {
            closedSince = Long.MAX_VALUE;
            upSince = Math.min(upSince, nowMillis);
        } else {
            closedSince = Math.min(closedSince, nowMillis);
            upSince = Long.MAX_VALUE;
        }
    }

    @Override
    public String toString() {
        return name + " room " + capacity + ", " + Math.round(perSecond * 10) / 10.0 + "/s of " + callMillis + " ms "
                + spells.stream().map(each -> each.fromMillis() + ":" + each.weather()).toList();
    }
}
