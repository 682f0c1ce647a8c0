import { Skeleton, SkeletonRows } from "@/ui/states";
import { Card } from "@/ui/surfaces";

/** The shape of Home, until the versions are known. */
export function HomeSkeleton() {
  return (
    <>
      <Card className="flex flex-col gap-6 p-6">
        <div className="flex items-start justify-between gap-6">
          <div className="flex flex-col gap-3">
            <Skeleton className="h-8 w-44" />
            <Skeleton className="w-64" />
          </div>
          <Skeleton className="h-11 w-36 rounded-lg" />
        </div>
        <Skeleton className="h-10 w-full" />
      </Card>
      <Card>
        <SkeletonRows count={4} />
      </Card>
    </>
  );
}
