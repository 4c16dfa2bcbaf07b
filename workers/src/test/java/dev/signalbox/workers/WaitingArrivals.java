package dev.signalbox.workers;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** When requests come in a {@link WaitingWorld}, one at a time or in bursts, and which of them are cancelled. */
final class WaitingArrivals {
    private final WaitingWorld world;

    WaitingArrivals(WaitingWorld world) {
        this.world = world;
    }

    /** Those of a route, until the storm is over. */
    void of(WaitingRoute route) {
        long at = 500;
        boolean bursts = world.random.nextInt(3) == 0;
        while (at < world.plan.stormMillis) {
            int many = bursts && world.random.nextInt(10) == 0 ? world.random.nextInt(10, 60) : 1;
            world.events.after(at, () -> {
                for (int i = 0; i < many; i++) {
                    arrives(route);
                }
            });
            at += (long) (-Math.log(1 - world.random.nextDouble()) * 1_000 / route.perSecond * (bursts ? 4 : 1)) + 1;
        }
    }

    private void arrives(WaitingRoute route) {
        int tenant = world.plan.tenant(world.random);
        int number = world.requests.size();
        WaitingRequest request = new WaitingRequest(number, route, tenant,
                world.random.nextInt(200, world.plan.largestBytes), world.nowMillis(),
                world.plan.timeToLiveMillis(tenant));
        world.requests.put(request.id, request);
        world.live.add(request);
        RecordHeaders headers = new RecordHeaders();
        headers.add("caller", request.id.getBytes(StandardCharsets.UTF_8));
        world.append(request, WaitingWorld.LANE.requestTopic(), request.id.getBytes(StandardCharsets.UTF_8),
                new byte[]{(byte) number, (byte) (number >> 8)}, headers);
        if (world.random.nextInt(20) == 0) {
            world.events.after(world.random.nextInt(0, 8_000), () -> world.cancel(request));
        }
    }
}
