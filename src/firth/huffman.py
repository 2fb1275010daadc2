import heapq
import numpy as np
def huffman_paths(counts):
    n=len(counts)
    heap=[(int(c),0,-i,i) for i,c in enumerate(counts)]; heapq.heapify(heap)
    left={}; parent={}
    for k in range(n-1):
        a=heapq.heappop(heap); b=heapq.heappop(heap)
        num=n-2-k
        parent[a[3]]=(num,1); parent[b[3]]=(num,0)
        heapq.heappush(heap,(a[0]+b[0],1,k,n+num))
    offs=[0]; nodes=[]; bits=[]
    for i in range(n):
        p=[]; x=i
        while x in parent:
            num,bit=parent[x]; p.append((num,bit)); x=n+num
        for num,bit in reversed(p): nodes.append(num); bits.append(bit)
        offs.append(len(nodes))
    return np.array(offs,np.int64),np.array(nodes,np.int32),np.array(bits,np.uint8)
